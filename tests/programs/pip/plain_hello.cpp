// C++ as a task: iostreams, static objects with destructors, exceptions through frames, thread_local, std::thread.
// @part
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

struct Loud {
  std::string name;
  explicit Loud(std::string text) : name(std::move(text)) { std::cout << "made " << name << "\n"; }
  ~Loud() { std::cout << "gone " << name << "\n"; }
};

static Loud global("global");
static thread_local int local = 5;

static int thrower(int depth) {
  Loud frame("frame " + std::to_string(depth));
  if (depth == 0) throw std::runtime_error("from the depth");
  return thrower(depth - 1) + 1;
}

int main(int argc, char **argv) {
  try {
    thrower(2);
  } catch (const std::exception &error) {
    std::cout << "caught " << error.what() << "\n";
  }
  try {
    try {
      std::string().at(3);
    } catch (...) {
      throw;
    }
  } catch (const std::out_of_range &) {
    std::cout << "out of range\n";
  }
  std::map<int, std::unique_ptr<Loud>> loud;
  loud[1] = std::make_unique<Loud>("in a map");
  int seen = 0;
  std::exception_ptr kept;
  std::thread thread([&] {
    local++;
    seen = local;
    try {
      throw 42;
    } catch (...) {
      kept = std::current_exception();
    }
  });
  thread.join();
  try {
    std::rethrow_exception(kept);
  } catch (int value) {
    std::cout << "from a thread " << value << " " << seen << " " << local << "\n";
  }
  std::cout << argc << " " << argv[1] << "\n";
  if (std::string(argv[1]) == "exit") std::exit(3);
  return 2;
}
