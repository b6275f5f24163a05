/* The second file of function.c.
 * @part */
__attribute__((noinline, used)) static int in_both_files(void *arg) { return arg != (void *)1; }

int other_file_is_linked = 1;
