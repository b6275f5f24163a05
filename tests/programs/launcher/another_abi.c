/* A program of an MPI library whose handles are pointers, as Open MPI's are; another_abi_library.c stands for that library.
 * @library another_abi_library.c */
int MPI_Init(int *argc, char ***argv);
int main(int argc, char **argv) { return MPI_Init(&argc, &argv); }
