/* A program whose library is not where ld.so looks.
 * @part
 * @link marker.c */
int marker(void);

int main(void) { return marker(); }
