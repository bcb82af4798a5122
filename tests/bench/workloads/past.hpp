// W8: what a long past costs a host that starts.
#pragma once
#include "bench/workloads/figure.hpp"
#include "bench/workloads/installation.hpp"

namespace tenantry::bench {

// From the start of the process to the first 200 of /readyz, with an empty store and with `runs` finished runs in it.
void start_on_a_past(Figures& figures, const Kind& kind, int runs);

}  // namespace tenantry::bench
