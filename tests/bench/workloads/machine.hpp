// What the kernel knows of processes and of the disk.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace tenantry::bench {

// The process and everything below it.
[[nodiscard]] std::vector<pid_t> tree(pid_t root);

// Seconds of CPU that the process, its children and those it has waited for have used.
[[nodiscard]] double cpu_seconds(pid_t root);

// Memory of the process and its children, shared pages in proportion, in bytes.
[[nodiscard]] double memory(pid_t root);

// Flushes that the disk under this folder has been asked for, by anybody; 0 if the kernel does not say.
[[nodiscard]] double flushes(const std::string& folder);

}  // namespace tenantry::bench
