// C++: a window owned by an object, shared memory as std::atomic and as a span of doubles, an error handler that throws.
// @np 1 2 3
#include <mpi.h>
#include <algorithm>
#include <atomic>
#include <complex>
#include <cstdio>
#include <new>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

struct Error : std::runtime_error { using std::runtime_error::runtime_error; };

static void raise(MPI_Win *, int *code, ...) {
    char text[MPI_MAX_ERROR_STRING];
    int kind, length;
    MPI_Error_class(*code, &kind);
    MPI_Error_string(kind, text, &length);
    throw Error(text);
}

// A window whose memory is an array of `size` elements on each rank.
template <class T> class Shared {
    MPI_Win win = MPI_WIN_NULL;
public:
    T *data = nullptr;
    explicit Shared(std::size_t size) {
        MPI_Win_allocate_shared(MPI_Aint(size * sizeof(T)), sizeof(T), MPI_INFO_NULL, MPI_COMM_WORLD, &data, &win);
        for (std::size_t i = 0; i < size; i++) new (data + i) T();
        MPI_Win_lock_all(0, win);
    }
    Shared(const Shared &) = delete;
    Shared(Shared &&other) noexcept : win(std::exchange(other.win, MPI_WIN_NULL)), data(other.data) {}
    T *of(int rank) const {
        MPI_Aint bytes;
        int unit;
        T *base;
        MPI_Win_shared_query(win, rank, &bytes, &unit, &base);
        return base;
    }
    void meet() const { MPI_Win_sync(win), MPI_Barrier(MPI_COMM_WORLD), MPI_Win_sync(win); }
    MPI_Win handle() const { return win; }
    ~Shared() {
        if (win != MPI_WIN_NULL) MPI_Win_unlock_all(win), MPI_Win_free(&win);
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
    auto must = [](bool condition, int number) {
        if (!condition) std::fprintf(stderr, "failed at %d\n", number), MPI_Abort(MPI_COMM_WORLD, 9);
    };
    {
        Shared<std::atomic<long>> counters(size == 1 ? 2 : 1);
        counters.meet();
        for (int i = 0; i < 1000; i++) counters.of(0)->fetch_add(1);
        counters.meet();
        must(counters.of(0)->load() == 1000L * size, 1);

        Shared<double> first(500);
        Shared<double> cells(std::move(first));
        std::iota(cells.data, cells.data + 500, rank * 1000.0);
        cells.meet();
        const double *theirs = cells.of(right);
        must(std::accumulate(theirs, theirs + 500, 0.0) == right * 500000.0 + 499 * 250.0, 2);
        std::vector<std::complex<double>> numbers(250, {double(rank), -1});
        cells.meet();
        MPI_Put(numbers.data(), 250, MPI_CXX_DOUBLE_COMPLEX, right, 0, 250, MPI_CXX_DOUBLE_COMPLEX, cells.handle());
        MPI_Win_flush(right, cells.handle());
        cells.meet();
        must(cells.data[0] == left && cells.data[499] == -1, 3);
    }
    std::vector<int> memory(100);
    MPI_Win win;
    MPI_Errhandler handler;
    MPI_Win_create(memory.data(), 400, 4, MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    MPI_Win_create_errhandler(raise, &handler);
    MPI_Win_set_errhandler(win, handler);
    MPI_Errhandler_free(&handler);
    std::string line = "epoch: " + caught([&] { MPI_Put(&rank, 1, MPI_INT, right, 0, 1, MPI_INT, win); });
    MPI_Win_fence(0, win);
    line += ", rank: " + caught([&] { MPI_Put(&rank, 1, MPI_INT, size, 0, 1, MPI_INT, win); });
    line += ", count: " + caught([&] { MPI_Get(&rank, -1, MPI_INT, right, 0, 1, MPI_INT, win); });
    MPI_Put(&rank, 1, MPI_INT, right, 50, 1, MPI_INT, win);
    MPI_Win_fence(0, win);
    line += ", then " + std::to_string(memory[50] == left);
    line += '\n';
    std::fputs(line.c_str(), stdout); // in one write: MPICH takes the buffer of stdout away
    MPI_Win_free(&win);
    MPI_Finalize();
}
