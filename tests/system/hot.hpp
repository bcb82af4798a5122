// An engine directory that changes under a running host. For the tests and the soak.
#pragma once
#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "support/sanitized.hpp"
#include "world.hpp"

namespace tenantry::system {

// What a process holds on to.
struct Held {
  std::size_t descriptors = 0;
  std::size_t children = 0;
  std::size_t resident_kib = 0;
};

[[nodiscard]] inline Held held_by(pid_t pid) {
  namespace fs = std::filesystem;
  const fs::path proc = "/proc/" + std::to_string(pid);
  Held held;
  std::error_code gone;
  for (fs::directory_iterator entry(proc / "fd", gone), end; !gone && entry != end; entry.increment(gone))
    ++held.descriptors;
  for (fs::directory_iterator thread(proc / "task", gone), end; !gone && thread != end; thread.increment(gone)) {
    std::ifstream children(thread->path() / "children");
    for (std::string child; children >> child;) ++held.children;
  }
  std::ifstream status(proc / "status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) held.resident_kib = std::stoul(line.substr(6));
  return held;
}

class Moving {
 public:
  World world{World::Bare{"moving", TENANTRY_MOVING_ENGINE, "watch_ms = 20"}};

  static std::string version(int number) { return "1." + std::to_string(100'000 + number) + ".0"; }

  // The engine as another version of itself.
  [[nodiscard]] std::string bytes(int number) const {
    auto out = original_;
    const auto from = version(0);
    const auto to = version(number);
    for (auto at = out.find(from); at != std::string::npos; at = out.find(from, at + 1)) out.replace(at, to.size(), to);
    return out;
  }
  // As a person copies it: not at once.
  void put(const std::string& name, const std::string& bytes) {
    std::ofstream file(world.file("engines/" + name), std::ios::binary | std::ios::trunc);
    file << bytes.substr(0, bytes.size() / 2) << std::flush << bytes.substr(bytes.size() / 2);
  }
  void replace(int number) {
    if (number % 2 == 0) return put("moving.so", bytes(number));
    put("moving.so.part", bytes(number));
    std::filesystem::rename(world.file("engines/moving.so.part"), world.file("engines/moving.so"));
  }
  std::string newest() {
    const auto engine = world.call("GET", "/api/engines/moving");
    return engine.status == 200 ? json::value_to<std::string>(json::parse(engine.body).at("version")) : "";
  }

  std::string version_of(const std::string& tenant) {
    return json::value_to<std::string>(world.status(tenant).at("engine_version"));
  }

  // Replaces the engine `times` times while runs are started all the time. What went wrong, as text; empty: nothing.
  [[nodiscard]] std::string replace_under_load(int times);

 private:
  const std::string original_ = read_file(TENANTRY_MOVING_ENGINE);
};

inline std::string Moving::replace_under_load(int times) {
  std::vector<std::string> tenants;
  for (int i = 0; i < 8; ++i) tenants.push_back(world.create_tenant("tenant-" + std::to_string(i)));
  std::string problems;
  std::set<std::string> versions;
  std::size_t runs = 0;
  const auto start_all = [&] {
    for (const auto& tenant : tenants) {
      const auto started = world.post(World::verb(tenant, "start"));
      if (started.status == 202)
        ++runs;
      else if (started.status != 409)  // the run before is still going on
        problems += started.body + "\n";
    }
  };
  // The store keeps pages of its file in memory, 8 MiB of the writer's and 2 MiB of each reader's at the most; the
  // feed keeps the newest events, 8 MiB of them.
  const auto stored_kib = [&] { return std::filesystem::file_size(world.file("data/tenantry.db")) / 1024; };
  Held early;
  std::uintmax_t stored_early = 0;
  for (int number = 1; number <= times; ++number) {
    start_all();
    replace(number);
    if (!eventually([&] { return newest() == version(number); }))
      return "version " + version(number) + " never came, " + newest() + " is what serves\n";
    if (number == times / 5) {
      early = held_by(world.host_pid());
      stored_early = stored_kib();
    }
  }
  start_all();
  for (const auto& tenant : tenants) {
    if (!world.reaches(tenant, "COMPLETED")) problems += json::serialize(world.status(tenant)) + "\n";
    versions.insert(version_of(tenant));
  }
  if (runs < static_cast<std::size_t>(times)) problems += "only " + std::to_string(runs) + " runs were started\n";
  if (!eventually([&] { return world.get("/api/engines").as_array().size() == 1; }))
    problems += "generations are left: " + json::serialize(world.get("/api/engines")) + "\n";
  const auto late = [&] { return held_by(world.host_pid()); };
  if (!eventually([&] { return late().descriptors <= early.descriptors + 2; }))
    problems +=
        std::to_string(late().descriptors) + " descriptors, there were " + std::to_string(early.descriptors) + "\n";
  if (!eventually([&] { return late().children <= 1; })) problems += "children are left\n";
  const auto cached = std::min<std::uintmax_t>((stored_kib() - stored_early) * 5 / 4, 28U << 10U);
  const auto most = early.resident_kib + cached + (8U << 10U) + 4'096;
  if (!tenantry::test::kSanitized && late().resident_kib > most)
    problems += std::to_string(late().resident_kib) + " KiB, there were " + std::to_string(early.resident_kib) + "\n";
  return problems;
}

}  // namespace tenantry::system
