// A C++ program: exceptions across MPI calls, containers as buffers, threads beside MPI.
// @np 2 4
#include <mpi.h>
#include <cstdio>
#include <iostream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

struct Session {
    Session(int *argc, char ***argv) { MPI_Init(argc, argv); }
    ~Session() { MPI_Finalize(); }
};

int main(int argc, char **argv) {
    Session session(&argc, &argv);
    int rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    std::vector<double> numbers(10000 * (rank + 1)), others(10000 * size);
    std::iota(numbers.begin(), numbers.end(), rank);
    MPI_Status status;
    MPI_Sendrecv(numbers.data(), int(numbers.size()), MPI_DOUBLE, (rank + 1) % size, 0, others.data(), int(others.size()), MPI_DOUBLE,
                 (rank + size - 1) % size, 0, MPI_COMM_WORLD, &status);
    int count;
    MPI_Get_count(&status, MPI_DOUBLE, &count);
    try {
        if (rank % 2) throw std::runtime_error("rank " + std::to_string(rank));
        std::cout << (std::to_string(count) + " from " + std::to_string(status.MPI_SOURCE) + "\n") << std::flush;
    } catch (const std::exception &error) {
        std::cout << (std::string("caught ") + error.what() + ", " + std::to_string(others[count - 1]) + "\n") << std::flush;
    }
}
