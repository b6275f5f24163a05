// The library of exceptions.cpp.
#include <stdexcept>
#include <string>

struct Guard {
    int &count;
    ~Guard() { count++; }
};

void throw_from_library(int depth, int &unwound) {
    Guard guard{unwound};
    if (depth == 0) throw std::runtime_error("thrown by the library");
    throw_from_library(depth - 1, unwound);
}
