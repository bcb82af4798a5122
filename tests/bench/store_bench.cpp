// What a change of a step costs in the store, on SQLite and then on a PostgreSQL server beside us: CPU of this process
// when many share a commit, and time when each waits for the disk. One JSON object per line; the last compares the two.
// Usage: bench_store [folder [sqlite]]; the folder decides which disk is measured.
#include <time.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "database/postgres.hpp"
#include "database/sqlite.hpp"
#include "support/postgres.hpp"

namespace {

using namespace tenantry;

constexpr int kRuns = 1'000;
constexpr std::size_t kSteps = 11;
constexpr std::size_t kGroup = 64;
const char* store_name = "";
const store::HostLife kSelf{"host", "boot"};
constexpr base::Time kLease{base::Millis{60'000}};

template <class T>
T must(base::Result<T> result) {
  if (!result.has_value()) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
  }
  return std::move(result).value();
}
void must(const base::Result<void>& result) {
  if (result.has_value()) return;
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

class Stopwatch {
 public:
  Stopwatch() : wall_(std::chrono::steady_clock::now()), cpu_(cpu_now()) {}
  // Returns microseconds of time for each.
  double report(const char* what, double changes, const char* unit) const {
    const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_).count();
    const double cpu = cpu_now() - cpu_;
    std::printf(R"({"store":"%s","bench":"%s","%s":%.0f,"seconds":%.3f,"per_second":%.0f,"cpu_us_each":%.2f})"
                "\n",
                store_name, what, unit, changes, wall, changes / wall, 1e6 * cpu / changes);
    std::fflush(stdout);
    return 1e6 * wall / changes;
  }

 private:
  // Of all threads of this process.
  static double cpu_now() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  }
  std::chrono::steady_clock::time_point wall_;
  double cpu_;
};

model::ManifestPtr make_manifest() {
  auto manifest = std::make_shared<model::Manifest>();
  manifest->digest = "d";
  manifest->text = "manifest";
  for (std::size_t i = 0; i < kSteps; ++i) {
    model::StepSpec step;
    step.id = "step_" + std::to_string(i) + "_chart_of_accounts";
    manifest->steps.push_back(std::move(step));
  }
  return manifest;
}

base::TenantId tenant_of(int run) { return base::TenantId("ten_01hzy3v8k2c7w9m4x5q" + std::to_string(100'000 + run)); }

model::Run make_run(int number, const model::ManifestPtr& manifest) {
  auto spec = std::make_shared<model::RunSpec>();
  spec->id = base::RunId("run_01hzy3v8k2c7w9m4x5q" + std::to_string(100'000 + number));
  spec->tenant = tenant_of(number);
  spec->manifest = manifest;
  spec->request = R"({"company":"Acme Ltd","country":"KE","currency":"KES","chart":"standard"})";
  model::Run run;
  run.spec = spec;
  run.steps.resize(kSteps);
  return run;
}

// A step begins (even) or ends (odd): its row, the run's row, one event, and an attempt at its end.
model::Change small_change(model::Run& run, std::size_t n) {
  const std::size_t index = n / 2 % kSteps;
  auto& step = run.steps[index];
  model::Change change;
  run.head.state = model::RunState::kRunning;
  run.head.events += 1;
  step.started_at = base::Time{base::Millis{1'764'000'000'000}};
  if (n % 2 == 0) {
    step.state = model::StepState::kRunning;
    step.attempts += 1;
    step.in_flight = true;
  } else {
    step.state = model::StepState::kCompleted;
    step.in_flight = false;
    step.output = std::make_shared<const std::string>(R"({"account":"1000 - Cash - AC","created":42,"parent":"AC"})");
    model::Attempt attempt;
    attempt.step = index;
    attempt.number = step.attempts;
    attempt.outcome = model::Outcome::kDone;
    change.attempts.push_back(attempt);
  }
  change.steps.emplace_back(index, step);
  change.events.push_back({run.head.events, run.manifest().steps[index].id, "step.changed",
                           R"({"state":"running","attempt":1})", base::Time{base::Millis{1'764'000'000'000}}});
  change.head = run.head;
  return change;
}

base::Result<model::ManifestPtr> read_manifest(const std::string&) { return make_manifest(); }

void write_all(store::Store& store, const std::vector<store::RunWrite>& writes) {
  for (const auto written : must(store.write(writes, kSelf, kLease)))
    if (written != store::Written::kDone) std::exit(1);
}

void create_runs(store::Store& store, std::vector<model::Run>& runs) {
  must(store.create_account({base::AccountId("acc"), "a@example.org", "a", model::AccountRole::kUser, "h", {}}));
  for (int i = 0; i < kRuns; i += 100) {
    std::vector<std::thread> threads;  // only to share the commits
    for (int k = i; k < i + 100; ++k)
      threads.emplace_back([&store, k] {
        model::Tenant tenant;
        tenant.id = tenant_of(k);
        tenant.owner = base::AccountId("acc");
        tenant.name = "tenant " + std::to_string(k);
        must(store.create_tenant(tenant, {}));
      });
    for (auto& thread : threads) thread.join();
  }
  const Stopwatch watch;
  const model::Change nothing;
  for (std::size_t i = 0; i < runs.size();) {
    std::vector<store::RunWrite> writes;
    for (; i < runs.size() && writes.size() < kGroup; ++i) writes.push_back({&runs[i], &nothing, 1, true});
    write_all(store, writes);
  }
  watch.report("create a run of 11 steps, 64 per commit", kRuns, "runs");
}

double change_in_groups(store::Store& store, std::vector<model::Run>& runs) {
  constexpr std::size_t kRounds = 2 * kSteps;
  std::vector<std::vector<model::Change>> changes(kRounds);
  // All changes first, so that only the store is measured; the last state of each run is what every write names.
  for (std::size_t n = 0; n < kRounds; ++n)
    for (auto& run : runs) changes[n].push_back(small_change(run, n));
  const Stopwatch watch;
  for (std::size_t n = 0; n < kRounds; ++n)
    for (std::size_t i = 0; i < runs.size();) {
      std::vector<store::RunWrite> writes;
      for (; i < runs.size() && writes.size() < kGroup; ++i) writes.push_back({&runs[i], &changes[n][i], 1, false});
      write_all(store, writes);
    }
  return watch.report("change a step, 64 in one call", static_cast<double>(kRounds * runs.size()), "changes");
}

void change_alone(store::Store& store, std::vector<model::Run>& runs, std::size_t threads, std::size_t each,
                  const char* name) {
  const Stopwatch watch;
  std::vector<std::thread> all;
  for (std::size_t t = 0; t < threads; ++t)
    all.emplace_back([&, t] {
      for (std::size_t n = 0; n < each; ++n) {
        const auto change = small_change(runs[t], n);
        write_all(store, {{&runs[t], &change, 1, false}});
      }
    });
  for (auto& thread : all) thread.join();
  watch.report(name, static_cast<double>(threads * each), "changes");
}

void read_runs(store::Store& store, const std::vector<model::Run>& runs) {
  const Stopwatch watch;
  for (const auto& run : runs)
    if (!must(store.run(run.spec->id))) std::exit(1);
  watch.report("read a run of 11 steps", static_cast<double>(runs.size()), "runs");
}

void recover_runs(store::Store& store) {
  const Stopwatch watch;
  std::size_t claimed = 0;
  for (;;) {
    const auto some = must(store.claim_runs({"host", "next boot"}, {}, kLease, 100));
    if (some.empty()) break;
    claimed += some.size();
  }
  watch.report("take over a run after a crash, 100 per call", static_cast<double>(claimed), "runs");
}

// Microseconds for a change of a step, 64 in one call.
double measure(const char* name, store::Store& store) {
  store_name = name;
  const auto manifest = make_manifest();
  std::vector<model::Run> runs;
  for (int i = 0; i < kRuns; ++i) runs.push_back(make_run(i, manifest));
  create_runs(store, runs);
  const double each = change_in_groups(store, runs);
  change_alone(store, runs, 64, 100, "change a step, 64 threads, one each");
  change_alone(store, runs, 8, 100, "change a step, 8 threads, one each");
  change_alone(store, runs, 1, 200, "change a step, 1 thread: a commit each");
  read_runs(store, runs);
  recover_runs(store);
  return each;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && ::setenv("TMPDIR", argv[1], 1) != 0) return 1;
  double sqlite = 0;
  double postgres = 0;
  {
    const test::TempDir folder;
    database::SqliteOptions options;
    options.read_manifest = read_manifest;
    sqlite = measure("sqlite", *must(database::open_sqlite(folder / "store.db", std::move(options))));
  }
  if (argc > 2) return 0;
  {
    test::Postgres server(test::Postgres::Size::kAsInstalled);
    database::PostgresOptions options;
    options.read_manifest = read_manifest;
    postgres =
        measure("postgresql", *must(database::open_postgres(server.url(server.create_database()), std::move(options))));
  }
  std::printf(R"({"bench":"change a step, 64 in one call","sqlite_us":%.1f,"postgresql_us":%.1f,"ratio":%.2f})"
              "\n",
              sqlite, postgres, postgres / sqlite);
  return 0;
}
