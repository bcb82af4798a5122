#include "bench/workloads/machine.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace tenantry::bench {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> stat_of(const std::string& pid) {
  std::ifstream in("/proc/" + pid + "/stat");
  std::string line;
  std::getline(in, line);
  const auto name_end = line.rfind(')');
  std::vector<std::string> fields{pid, ""};
  if (name_end == std::string::npos) return {};
  std::istringstream rest(line.substr(name_end + 1));
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

}  // namespace

std::vector<pid_t> tree(pid_t root) {
  std::vector<std::pair<pid_t, pid_t>> all;  // parent, process
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto fields = stat_of(name);
    if (fields.size() > 3) all.emplace_back(std::stoi(fields[3]), std::stoi(name));
  }
  std::vector<pid_t> found{root};
  for (std::size_t i = 0; i < found.size(); ++i)
    for (const auto& [parent, process] : all)
      if (parent == found[i]) found.push_back(process);
  return found;
}

double cpu_seconds(pid_t root) {
  double ticks = 0;
  for (const auto pid : tree(root)) {
    const auto fields = stat_of(std::to_string(pid));
    // utime, stime, and those of children that are gone
    if (fields.size() > 16)
      for (std::size_t i = 13; i <= 16; ++i) ticks += std::stod(fields[i]);
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double memory(pid_t root) {
  double kilobytes = 0;
  for (const auto pid : tree(root)) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/smaps_rollup");
    for (std::string line; std::getline(in, line);)
      if (line.rfind("Pss:", 0) == 0) kilobytes += std::stod(line.substr(4));
  }
  return kilobytes * 1024;
}

double flushes(const std::string& folder) {
  struct stat where {};
  if (::stat(folder.c_str(), &where) != 0) return 0;
  fs::path device = "/sys/dev/block/" + std::to_string(major(where.st_dev)) + ":" + std::to_string(minor(where.st_dev));
  std::error_code ignored;
  device = fs::canonical(device, ignored);
  if (ignored) return 0;
  if (fs::exists(device / "partition")) device = device.parent_path();
  std::ifstream in(device / "stat");
  double value = 0;
  for (int i = 0; i < 16; ++i) in >> value;
  return in ? value : 0;
}

}  // namespace tenantry::bench
