#include "eval/command/program.hpp"

int main(int argc, char** argv) { return edgeval::run_program(argc, argv); }
