/* A program that finds its library beside itself, through $ORIGIN.
 * @part
 * @link marker.c
 * @flags -Wl,-rpath,$ORIGIN */
int marker(void);

int main(void) { return marker() + 1; }
