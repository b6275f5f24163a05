// C++ streams, strings, containers and locales, constructed before main and flushed after it.
// @tasks 1 8
#include <iomanip>
#include <iostream>
#include <map>
#include <regex>
#include <sstream>
#include <string>

struct Last {
    std::string text;
    ~Last() { std::cout << text << std::endl; }
};
static Last last{"printed by a static destructor"};
static std::map<std::string, int> words{{"one", 1}, {"two", 2}};

int main() {
    std::istringstream input("3.5 7 text");
    double number;
    int whole;
    std::string word;
    input >> number >> whole >> word;
    std::cout << std::fixed << std::setprecision(2) << number * whole << ' ' << word << ' ' << words["two"] << '\n';
    std::cout << std::regex_replace("a1b22c", std::regex("[0-9]+"), "#") << '\n';
    std::ostringstream long_text;
    for (int i = 0; i < 20000; i++) long_text << i << ',';
    std::cout << long_text.str().size() << '\n';
}
