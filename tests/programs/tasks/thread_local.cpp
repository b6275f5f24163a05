// Thread-local variables start anew in each thread of each task, and their destructors run.
// @tasks 1 16
// @flags -pthread
#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

static std::atomic<int> made{0}, destroyed{0};
struct Counted {
    int value = 5;
    Counted() { made++; }
    ~Counted() { destroyed++; }
};
static __thread int plain = 7;
static __thread char large[5000];
static thread_local Counted counted;

static void work(int id) {
    if (plain != 7 || counted.value != 5 || large[4999] != 0) std::puts("not its initial value");
    plain = counted.value = id;
    large[4999] = char(id);
    std::this_thread::yield();
    if (plain != id || counted.value != id || large[4999] != char(id)) std::puts("another thread wrote here");
}

int main() {
    std::vector<std::thread> threads;
    for (int i = 1; i <= 8; i++) threads.emplace_back(work, i);
    for (auto &thread : threads) thread.join();
    work(9);
    std::printf("made %d destroyed %d\n", made.load(), destroyed.load());
}
