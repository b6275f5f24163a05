/* A library that can be preloaded or linked with.
 * @part */
int marker(void) { return 5; }
