/* What the shim sees of Open MPI. */
int ompi_mpi_comm_world;
int PMPI_Init(int *argc, char ***argv) { return (void)argc, (void)argv, 0; }
int MPI_Init(int *argc, char ***argv) { return PMPI_Init(argc, argv); }
