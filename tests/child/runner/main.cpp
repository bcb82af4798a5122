// What the tests start instead of the host: the process of an engine, and nothing else.
#include "child/runner.hpp"

int main() { return tenantry::child::run_engine(); }
