// Exceptions cross a shared library found through $ORIGIN, travel between threads, and unwind every frame.
// @tasks 1 8
// @library throwing.cpp
// @flags -pthread
#include <cstdio>
#include <exception>
#include <future>
#include <stdexcept>
#include <thread>
#include <typeinfo>
#include <vector>

void throw_from_library(int depth, int &unwound);

int main() {
    int unwound = 0;
    try {
        throw_from_library(50, unwound);
    } catch (const std::exception &error) {
        std::printf("caught %s, %d frames\n", error.what(), unwound);
    }
    auto result = std::async(std::launch::async, []() -> int { throw std::out_of_range("from a thread"); });
    try {
        result.get();
    } catch (const std::out_of_range &error) {
        std::printf("caught %s\n", error.what());
    }
    std::vector<std::thread> threads;
    int caught[8] = {};
    for (int i = 0; i < 8; i++)
        threads.emplace_back([&caught, i] {
            for (int k = 0; k < 200; k++) {
                try { int n = 0; throw_from_library(i, n); } catch (...) { caught[i]++; }
            }
        });
    int total = 0;
    for (int i = 0; i < 8; i++) threads[i].join(), total += caught[i];
    try {
        try { throw 42; } catch (int number) { std::throw_with_nested(std::logic_error("outer")); }
    } catch (const std::logic_error &error) {
        std::printf("%d caught, nested %s\n", total, error.what());
    }
    try { (void)dynamic_cast<std::runtime_error &>(static_cast<std::exception &>(*new std::logic_error("x"))); }
    catch (const std::bad_cast &) { std::puts("bad cast"); }
}
