// C++ as programs use it: buffers in containers, requests owned by objects, callbacks as lambdas, and an error handler that
// throws through MPI's calls.
// @np 2 3
#include <mpi.h>
#include <algorithm>
#include <array>
#include <complex>
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

struct Error : std::runtime_error { using std::runtime_error::runtime_error; };

static void raise(MPI_Comm *, int *code, ...) {
    char text[MPI_MAX_ERROR_STRING];
    int kind, length;
    MPI_Error_class(*code, &kind);
    MPI_Error_string(kind, text, &length);
    throw Error(text);
}

// A receive that is cancelled if nobody waits for it.
class Receive {
    std::vector<std::complex<double>> data;
    MPI_Request request = MPI_REQUEST_NULL;
public:
    Receive(std::size_t size, int source, int tag) : data(size) {
        MPI_Irecv(data.data(), int(size), MPI_CXX_DOUBLE_COMPLEX, source, tag, MPI_COMM_WORLD, &request);
    }
    Receive(const Receive &) = delete;
    std::vector<std::complex<double>> get() {
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        return std::move(data);
    }
    ~Receive() {
        if (request != MPI_REQUEST_NULL) MPI_Cancel(&request), MPI_Wait(&request, MPI_STATUS_IGNORE);
    }
};

template <class F> static std::string caught(F call) {
    try { call(); } catch (const Error &error) { return error.what(); }
    return "nothing";
}

int main(int argc, char **argv) {
    int rank, size;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    const int right = (rank + 1) % size, left = (rank + size - 1) % size;
    {
        std::map<int, std::unique_ptr<Receive>> receives;
        for (int tag : {1, 2, 3, 4}) receives[tag] = std::make_unique<Receive>(5000, left, tag);
        receives.erase(3); // cancelled
        std::vector<std::complex<double>> numbers(5000, {double(rank), 1});
        for (int tag : {4, 2, 1}) MPI_Send(numbers.data(), 5000, MPI_CXX_DOUBLE_COMPLEX, right, tag, MPI_COMM_WORLD);
        for (auto &[tag, receive] : receives) {
            auto got = receive->get();
            if (got.size() != 5000 || got[4999].real() != left) MPI_Abort(MPI_COMM_WORLD, 9);
        }
    }
    MPI_Comm comm;
    MPI_Errhandler handler;
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_create_errhandler(raise, &handler);
    MPI_Comm_set_errhandler(comm, handler);
    MPI_Errhandler_free(&handler);
    std::array<int, 100> numbers{};
    std::string line = "rank: " + caught([&] { MPI_Send(numbers.data(), 1, MPI_INT, size, 0, comm); });
    line += ", count: " + caught([&] { MPI_Recv(numbers.data(), -1, MPI_INT, left, 0, comm, MPI_STATUS_IGNORE); });
    line += ", buffer: " + caught([&] { MPI_Bsend(numbers.data(), 1, MPI_INT, right, 0, comm); });
    MPI_Send(numbers.data(), 100, MPI_INT, right, 5, comm);
    line += ", room: " + caught([&] { MPI_Recv(numbers.data(), 5, MPI_INT, left, 5, comm, MPI_STATUS_IGNORE); });
    MPI_Sendrecv(&rank, 1, MPI_INT, right, 6, numbers.data(), 1, MPI_INT, left, 6, comm, MPI_STATUS_IGNORE);
    line += ", then " + std::to_string(numbers[0] == left);
    line += '\n';
    std::fputs(line.c_str(), stdout); // in one write: MPICH takes the buffer of stdout away
    MPI_Comm_free(&comm);
    MPI_Finalize();
}
