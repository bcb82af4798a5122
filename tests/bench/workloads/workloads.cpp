// The workloads on which durable engines are compared, W1 to W8, against the real host over loopback. One line of JSON
// for each figure; ratios are to limits that were measured in the same run. Not part of the suite, but for its smoke
// run, which only shows that everything finishes.
// Usage: bench_workloads [--quick] [--store sqlite|postgresql] [--isolation process|in_process] [W1 W2 ...]
#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "bench/measure.hpp"
#include "bench/workloads/installation.hpp"
#include "bench/workloads/limits.hpp"
#include "bench/workloads/machine.hpp"
#include "bench/workloads/past.hpp"

namespace {

using namespace tenantry;
using namespace tenantry::bench;
using Clock = std::chrono::steady_clock;

constexpr int kSteps = 11;

struct Plan {
  bool quick = false;
  std::set<std::string> workloads;
  std::vector<Kind> kinds;
  [[nodiscard]] bool has(const std::string& name) const { return workloads.empty() || workloads.contains(name); }
};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void measure_limits(Figures& figures, const Plan& plan) {
  const test::TempDir folder;
  const double seconds = plan.quick ? 0.1 : 1.5;
  for (const int group : {1, 64})
    figures.print("limits", "sqlite", "transitions_per_s_" + std::to_string(group) + "_a_commit",
                  sqlite_rate(folder.path().string(), group, seconds));
  figures.print("limits", "sqlite", "commit_ms",
                1e3 / figures.value("limits", "sqlite", "transitions_per_s_1_a_commit"));
  if (std::none_of(plan.kinds.begin(), plan.kinds.end(), [](const Kind& kind) { return kind.store == "postgresql"; }))
    return;
  test::Postgres server(test::Postgres::Size::kAsInstalled);
  figures.print("limits", "postgresql", "commit_ms",
                postgres_commit_ms(server.url(server.create_database()), plan.quick ? 50 : 1000));
}

// Memory is looked at while the work is done.
class Peak {
 public:
  explicit Peak(const Installation& host)
      : thread_([this, &host] {
          while (!stop_) {
            peak_ = std::max(peak_, host.memory());
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
          }
        }) {}
  Peak(const Peak&) = delete;
  Peak& operator=(const Peak&) = delete;
  ~Peak() {
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] double end() {
    stop_ = true;
    thread_.join();
    return peak_;
  }

 private:
  std::atomic<bool> stop_{false};
  double peak_ = 0;
  std::thread thread_;
};

// W1, W3 and W7: many runs of 11 steps that do nothing.
void many_runs(Figures& figures, const Kind& kind, const std::string& workload, int runs, int clients) {
  Installation host(kind, "chain");
  host.create_tenants(runs);
  const double cpu = host.cpu_seconds();
  const double flushed = flushes(host.folder());
  Peak peak(host);
  const auto start = Clock::now();
  const auto times = host.start_all(clients);
  const double started = seconds_since(start);
  host.wait_until_finished();
  const double seconds = seconds_since(start);
  const double steps = static_cast<double>(runs) * kSteps;
  const auto name = kind.name();
  figures.print(workload, name, "steps_per_s", steps / seconds);
  figures.print(workload, name, "cpu_us_a_step", 1e6 * (host.cpu_seconds() - cpu) / steps);
  figures.print(workload, name, "peak_pss_mb", peak.end() / 1e6);
  figures.print(workload, name, "flushes_a_step", (flushes(host.folder()) - flushed) / steps);
  figures.print(workload, name, "completed", host.completed());
  figures.print(workload, name, "starts_per_s", runs / started);
  figures.print(workload, name, "start_p50_ms", percentile(times, 50));
  figures.print(workload, name, "start_p99_ms", percentile(times, 99));
  figures.ratio(workload, name, "of_sqlite_group_commit", steps / seconds,
                figures.value("limits", "sqlite", "transitions_per_s_64_a_commit"));
}

// W2: one run at a time on an idle host. Its end is seen by asking for its status without a pause.
void alone(Figures& figures, const Kind& kind, int runs) {
  Installation host(kind, "chain");
  host.create_tenants(runs);
  test::HttpClient client(host.port());
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const auto start = Clock::now();
    host.start_one(client, static_cast<std::size_t>(i));
    while (client.get(host.status_path(static_cast<std::size_t>(i)), host.headers()).body.find("\"COMPLETED\"") ==
           std::string::npos) {
    }
    times.push_back(1e3 * seconds_since(start));
  }
  const auto name = kind.name();
  figures.print("W2", name, "p50_ms", percentile(times, 50));
  figures.print("W2", name, "p99_ms", percentile(times, 99));
  figures.ratio("W2", name, "of_12_serial_commits", percentile(times, 50),
                12 * figures.value("limits", kind.store, "commit_ms"));
}

// W4: the whole status of a finished run and of one that is going, for 64 connections.
void reads(Figures& figures, const Kind& kind) {
  for (const std::string engine : {"chain", "sleeper"}) {
    Installation host(kind, engine);
    host.create_tenants(1);
    test::HttpClient client(host.port());
    host.start_one(client, 0);
    if (engine == "chain") host.wait_until_finished();
    const auto body = client.get(host.status_path(0), host.headers()).body;
    const NullHttp floor(body);
    std::vector<double> ours;
    std::vector<double> theirs;
    const auto authorization = "-H 'Authorization: Bearer " + host.token() + "'";
    for (int round = 0; round < 3; ++round) {
      ours.push_back(rate(host.port(), host.status_path(0), authorization));
      theirs.push_back(rate(floor.port(), "/", authorization));
    }
    const auto name = kind.name() + (engine == "chain" ? ", finished" : ", going");
    figures.print("W4", name, "bytes", static_cast<double>(body.size()));
    figures.print("W4", name, "reads_per_s", percentile(ours, 50));
    figures.print("W4", name, "null_http_per_s", percentile(theirs, 50));
    figures.ratio("W4", name, "of_null_http", percentile(ours, 50), percentile(theirs, 50));
  }
}

// W5: 1, then 6 side by side, then 4 steps of 100 ms: 600 ms at best.
void fan(Figures& figures, const Kind& kind, int runs) {
  constexpr double kIdeal = 600;
  Installation host(kind, "fan");
  host.create_tenants(runs);
  test::HttpClient client(host.port());
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const auto start = Clock::now();
    host.start_one(client, static_cast<std::size_t>(i));
    while (client.get(host.status_path(static_cast<std::size_t>(i)), host.headers()).body.find("\"COMPLETED\"") ==
           std::string::npos)
      std::this_thread::sleep_for(std::chrono::microseconds(300));
    times.push_back(1e3 * seconds_since(start));
  }
  figures.print("W5", kind.name(), "p50_ms", percentile(times, 50));
  figures.ratio("W5", kind.name(), "of_ideal", percentile(times, 50), kIdeal);
}

struct Executed {
  int lines = 0;
  int twice = 0;
  double first_after = 0;  // ms since 1970 of the first line at or after `since`
};

Executed executed(const std::string& log, double since) {
  Executed found;
  std::map<std::string, int> counts;
  std::ifstream in(log);
  std::string tenant;
  std::string step;
  double at = 0;
  while (in >> tenant >> step >> at) {
    ++found.lines;
    if (++counts[tenant + step] > 1) ++found.twice;
    if (at >= since && (found.first_after == 0 || at < found.first_after)) found.first_after = at;
  }
  return found;
}

// W6: kill -9 with runs going, and the next life.
void crash(Figures& figures, const Kind& kind, int runs) {
  Installation host(kind, "chain", true);
  host.create_tenants(runs);
  (void)host.start_all(64);
  const int enough = runs * kSteps * 4 / 10;
  const auto lines = [&] { return executed(host.log_file(), 0).lines; };
  if (!test::eventually([&] { return lines() >= enough || host.unfinished() == 0; }, std::chrono::minutes(1)))
    throw std::runtime_error("W6 does not get on");
  const int open = host.unfinished();
  host.kill_host();
  const int before = lines();
  const auto restarted = Clock::now();
  const double restarted_at =
      std::chrono::duration<double, std::milli>(std::chrono::system_clock::now().time_since_epoch()).count();
  host.start_host();
  const double ready = 1e3 * seconds_since(restarted);
  host.wait_until_finished();
  const double all = seconds_since(restarted);
  const auto log = executed(host.log_file(), restarted_at);
  const auto name = kind.name();
  figures.print("W6", name, "steps_before_the_kill", before);
  figures.print("W6", name, "runs_open_at_the_kill", open);
  figures.print("W6", name, "completed", host.completed());
  figures.print("W6", name, "steps_executed_twice", log.twice);
  figures.print("W6", name, "ready_ms", ready);
  figures.print("W6", name, "first_resumed_step_ms", log.first_after == 0 ? 0 : log.first_after - restarted_at);
  figures.print("W6", name, "all_done_s", all);
}

// W7: runs that sleep.
void asleep(Figures& figures, const Kind& kind, int runs) {
  Installation host(kind, "sleeper");
  host.create_tenants(runs);
  const double before = host.memory();
  (void)host.start_all(16);
  test::HttpClient client(host.port());
  const auto last = host.status_path(static_cast<std::size_t>(runs - 1));
  if (!test::eventually([&] { return client.get(last, host.headers()).body.find("\"poll\"") != std::string::npos; }))
    throw std::runtime_error("the runs do not fall asleep");
  std::this_thread::sleep_for(std::chrono::seconds(2));
  const double bytes = (host.memory() - before) / runs;
  const double cpu = host.cpu_seconds();
  constexpr double kLook = 5;
  std::this_thread::sleep_for(std::chrono::duration<double>(kLook));
  figures.print("W7", kind.name(), "bytes_a_sleeping_run", bytes);
  figures.print("W7", kind.name(), "idle_cores", (host.cpu_seconds() - cpu) / kLook);
}

void measure(Figures& figures, const Plan& plan, const Kind& kind) {
  if (plan.has("W1")) many_runs(figures, kind, "W1", plan.quick ? 50 : 1'000, 64);
  if (plan.has("W2")) alone(figures, kind, plan.quick ? 10 : 200);
  if (plan.has("W3")) many_runs(figures, kind, "W3", plan.quick ? 50 : 5'000, 16);
  if (plan.has("W4") && !plan.quick) reads(figures, kind);
  if (plan.has("W5")) fan(figures, kind, plan.quick ? 1 : 5);
  if (plan.has("W6")) crash(figures, kind, plan.quick ? 50 : 1'000);
  if (plan.has("W7")) {
    many_runs(figures, kind, "W7", plan.quick ? 100 : 10'000, 64);
    figures.ratio("W7", kind.name(), "cost_of_W1", figures.value("W7", kind.name(), "cpu_us_a_step"),
                  figures.value("W1", kind.name(), "cpu_us_a_step"));
    if (!plan.quick) asleep(figures, kind, 10'000);
  }
  if (plan.has("W8")) start_on_a_past(figures, kind, plan.quick ? 1'000 : 100'000);
}

Plan read(int count, char** words) {
  Plan plan;
  std::string store;
  std::string isolation;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--quick")
      plan.quick = true;
    else if (word == "--store" && i + 1 < count)
      store = words[++i];
    else if (word == "--isolation" && i + 1 < count)
      isolation = words[++i];
    else
      plan.workloads.insert(word);
  }
  for (const std::string each : {"sqlite", "postgresql"})
    for (const std::string way : {"process", "in_process"})
      if ((store.empty() || store == each) && (isolation.empty() || isolation == way))
        plan.kinds.push_back({each, way});
  return plan;
}

}  // namespace

int main(int count, char** words) try {
  const auto plan = read(count, words);
  Figures figures;
  measure_limits(figures, plan);
  for (const auto& kind : plan.kinds) measure(figures, plan, kind);
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "bench: %s\n", failure.what());
  return 1;
}
