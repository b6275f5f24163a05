// Checks the macros that pipcc defines, and that the header is fit for C++.
#include <iostream>
#include <pip/pip.h>

#ifndef PIPCC
#error "PIPCC is not defined"
#endif
#define TEXT(x) #x
#define VALUE(x) TEXT(x)

int main() {
    std::cout << VALUE(PIP_VERSION) << ' ' << PIP_VERSION_MAJOR << ' ' << PIP_VERSION_MINOR << ' ' << PIP_VERSION_SUBMINOR
              << ' ' << pip_is_initialized() << std::endl;
}
