#include "tests/support/paths.hpp"
