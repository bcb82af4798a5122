// Deleting what is old: what goes, what stays, and that readers learn of it.
#pragma once
#include <algorithm>

#include "store/batches.hpp"
#include "store/contract/contract.hpp"
#include "store/deliveries.hpp"
#include "store/retention.hpp"

namespace {

using store::Prune;
using store::PrunePlace;

// Two tenants' histories: of tenant 0 the runs old, older and new, of tenant 1 a single old one and, at the end of all,
// an event of a run that is still going on, of tenant 2.
class Histories {
 public:
  explicit Histories(store::Store& store) : store_(store), bench_(store, 3) {
    finish("run_a", 0, 1'000);
    finish("run_b", 0, 2'000);
    finish("run_c", 0, 3'000);
    finish("run_d", 1, 1'500);
    auto [run, created] = sample_run("run_e", bench_.tenant(2), manifest_, at(500));
    REQUIRE(bench_.create(run, created, kHere, at(100'000)) == Written::kDone);
  }
  void finish(const std::string& id, int tenant, std::int64_t ended, int events = 0) {
    auto [run, created] = sample_run(id, bench_.tenant(tenant), manifest_, at(ended - 100));
    created.attempts.push_back(Dice(1).attempt(0, 1));
    REQUIRE(bench_.create(run, created, kHere, at(100'000)) == Written::kDone);
    for (int i = 0; i < events; ++i) {
      auto change = next_event(run, "step.log");
      change.events.back().at = at(ended - 50);
      REQUIRE(bench_.write(run, change, kHere, at(100'000)) == Written::kDone);
    }
    auto change = set_state(run, model::RunState::kCompleted);
    change.events.back().at = at(ended);
    run.head.completed_at = at(ended);
    change.head = run.head;
    REQUIRE(bench_.write(run, change, kHere, at(100'000)) == Written::kDone);
  }
  [[nodiscard]] bool has(const std::string& run) const { return got(store_.run(base::RunId(run))).has_value(); }
  [[nodiscard]] base::TenantId tenant(int i) const { return bench_.tenant(i); }
  [[nodiscard]] Bench& bench() { return bench_; }
  [[nodiscard]] std::size_t events() const { return got(store_.look_at_events(0, 10'000)).events.size(); }
  // All helpings. How many there were, and what they came to.
  template <class Part>
  std::pair<int, std::int64_t> all(Part part, std::int64_t before, std::size_t most, Prune how = Prune::kDelete) {
    PrunePlace place;
    int helpings = 0;
    std::int64_t count = 0;
    for (bool more = true; more; ++helpings) {
      const auto pruned = got((store_.retention().*part)(at(before), place, most, how));
      count += pruned.count;
      more = pruned.more;
      REQUIRE(helpings < 1'000);
    }
    return {helpings, count};
  }

 private:
  store::Store& store_;
  Bench bench_;
  model::ManifestPtr manifest_ = sample_manifest("engine", 2);
};

}  // namespace

STORE_CHECK("old runs go with everything of theirs; unfinished ones and the newest of a tenant stay") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Histories histories(store);
  const auto kept = everything(store, base::RunId("run_c")) + everything(store, base::RunId("run_d"));
  CHECK(histories.all(&store::Retention::prune_runs, 2'000, 100, Prune::kRehearse).second == 1);
  CHECK(histories.has("run_a"));
  CHECK(histories.all(&store::Retention::prune_runs, 2'000, 100).second == 1);
  CHECK_FALSE(histories.has("run_a"));
  CHECK(histories.has("run_b"));
  CHECK(histories.all(&store::Retention::prune_runs, 50'000, 100).second == 1);
  CHECK_FALSE(histories.has("run_b"));
  CHECK(histories.has("run_e"));
  CHECK(everything(store, base::RunId("run_c")) + everything(store, base::RunId("run_d")) == kept);
  for (const auto* gone : {"run_a", "run_b"}) {
    CHECK(got(store.attempts(base::RunId(gone))).empty());
    CHECK(got(store.run_events(base::RunId(gone), 0, 100)).empty());
    CHECK_FALSE(got(store.operation(base::OperationId(std::string("op_") + gone))).has_value());
  }
  CHECK(got(store.newest_run(histories.tenant(0)))->spec->id.value == "run_c");
  CHECK(histories.all(&store::Retention::prune_runs, 50'000, 100).second == 0);

  // Of a tenant that was removed, the newest too.
  done(store.remove_tenant(histories.tenant(1), at(5'000)));
  CHECK(histories.all(&store::Retention::prune_runs, 50'000, 100).second == 1);
  CHECK_FALSE(histories.has("run_d"));
  CHECK(got(store.tenant(histories.tenant(1)))->tenant.removed_at == at(5'000));

  backend.reopen();
  CHECK(got(backend.store().run(base::RunId("run_c"))).has_value());
  CHECK(ids_of(got(backend.store().claim_runs(kHereLater, at(6'000), at(100'000), 10))) == Names{"run_e"});
}

STORE_CHECK("a long history is deleted in helpings") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Histories histories(store);
  histories.finish("run_long", 1, 2'500, 60);
  histories.finish("run_newer", 1, 4'000);
  const auto [helpings, count] = histories.all(&store::Retention::prune_runs, 3'000, 10);
  CHECK(count == 4);  // a, b, d and the long one
  CHECK(helpings >= 6);
  CHECK_FALSE(histories.has("run_long"));
  CHECK(histories.has("run_newer"));
}

STORE_CHECK("old events go from the oldest on, however the helpings are cut, and the newest stays") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Histories histories(store);
  const auto all = got(store.look_at_events(0, 100)).events;
  REQUIRE(all.size() == 9);
  const std::size_t most = GENERATE(1U, 2U, 3U, 100U);
  CAPTURE(most);
  // Up to the first that is young, although an older one follows.
  CHECK(histories.all(&store::Retention::prune_events, 2'000, most, Prune::kRehearse).second == 3);
  CHECK(histories.events() == 9);
  CHECK(histories.all(&store::Retention::prune_events, 2'000, most).second == 3);
  auto left = got(store.look_at_events(0, 100)).events;
  REQUIRE(left.size() == 6);
  CHECK(left.front().id == all[3].id);
  CHECK(got(store.event_range()).oldest == all[3].id);

  CHECK(histories.all(&store::Retention::prune_events, 1'000'000, most).second == 5);
  left = got(store.look_at_events(0, 100)).events;
  REQUIRE(left.size() == 1);
  CHECK(left.front().id == all.back().id);
  CHECK(histories.has("run_a"));

  // Numbers go on where they were, over the end of the store.
  backend.reopen();
  auto run = *got(backend.store().run(base::RunId("run_e")));
  const auto change = next_event(run, "step.running");
  const RunWrite write{&run, &change, 1};
  REQUIRE(got(backend.store().write({&write, 1}, kHere, at(100'000))).front() == Written::kDone);
  left = got(backend.store().look_at_events(0, 100)).events;
  REQUIRE(left.size() == 2);
  CHECK(left.back().id > all.back().id);
  CHECK(left.back().event.number == 2);
}

STORE_CHECK("the events of a deleted run are known to be missing, although older ones are there") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Histories histories(store);
  const auto all = got(store.look_at_events(0, 100)).events;
  CHECK(got(store.event_range()).oldest == all.front().id);
  REQUIRE(histories.all(&store::Retention::prune_runs, 2'500, 100).second == 2);
  auto last = std::find_if(all.rbegin(), all.rend(), [](const auto& e) { return e.run.value == "run_b"; });
  CHECK(got(store.event_range()).oldest == last->id + 1);
  CHECK(got(store.event_range()).newest == all.back().id);
}

STORE_CHECK("the run that the newest event is of stays until there is a newer one") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Bench bench(store, 1);
  const auto manifest = sample_manifest("engine", 1);
  auto [run, created] = sample_run("run_1", bench.tenant(0), manifest, at(100));
  REQUIRE(bench.create(run, created, kHere, at(100'000)) == Written::kDone);
  auto change = set_state(run, model::RunState::kCompleted);
  run.head.completed_at = at(200);
  change.head = run.head;
  REQUIRE(bench.write(run, change, kHere, at(100'000)) == Written::kDone);
  done(store.remove_tenant(bench.tenant(0), at(300)));
  PrunePlace place;
  CHECK(got(store.retention().prune_runs(at(50'000), place, 100, Prune::kDelete)).count == 0);
  CHECK(got(store.run(run.spec->id)).has_value());
}

STORE_CHECK("of the hosts that live, the one that has lived for longest deletes") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  CHECK_FALSE(got(store.retention().is_eldest(kHere, at(1'000))));
  done(store.renew_leases(kHere, at(10'000)));
  done(store.renew_leases(kThere, at(20'000)));
  CHECK(got(store.retention().is_eldest(kHere, at(1'000))));
  CHECK_FALSE(got(store.retention().is_eldest(kThere, at(1'000))));
  CHECK_FALSE(got(store.retention().is_eldest(kHere, at(10'000))));
  CHECK(got(store.retention().is_eldest(kThere, at(10'000))));
}

STORE_CHECK("old deliveries and batches go; what waits, and the newest delivery, stays") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Histories histories(store);
  auto& webhooks = store.webhooks();
  (void)got(webhooks.claim_webhook("hook", kHere, at(1'000), at(9'000), 0));
  const std::vector<std::int64_t> events{1, 2, 3};
  done(webhooks.add_deliveries("hook", events, 3, at(1'000)));
  const auto made = got(webhooks.deliveries("hook", "", 0, 10));
  REQUIRE(made.size() == 3);
  done(webhooks.add_attempt({made[2].id, 1, at(1'100), 200, base::Millis{5}, ""}, "delivered", {}));
  done(webhooks.add_attempt({made[1].id, 1, at(1'100), 500, base::Millis{5}, "no"}, "waiting", at(60'000)));
  done(webhooks.add_attempt({made[0].id, 1, at(1'100), 200, base::Millis{5}, ""}, "delivered", {}));
  const std::size_t most = GENERATE(1U, 100U);
  CHECK(histories.all(&store::Retention::prune_deliveries, 1'000, most).second == 0);
  CHECK(histories.all(&store::Retention::prune_deliveries, 5'000, most, Prune::kRehearse).second == 1);
  CHECK(histories.all(&store::Retention::prune_deliveries, 5'000, most).second == 1);
  const auto left = got(webhooks.deliveries("hook", "", 0, 10));
  REQUIRE(left.size() == 2);
  CHECK(left[0].id == made[0].id);
  CHECK(left[1].id == made[1].id);
  CHECK(got(webhooks.delivery_attempts(made[2].id)).empty());

  const auto batch = [&](const std::string& id, int items) {
    store::Batch one;
    one.id = id;
    one.account = got(store.tenant(histories.tenant(0)))->tenant.owner;
    one.request = "{}";
    one.host = "host-a";
    one.created_at = at(1'000);
    std::vector<store::BatchItem> all;
    for (int i = 1; i <= items; ++i) {
      store::BatchItem item;
      item.number = i;
      item.tenant = histories.tenant(0);
      item.operation = base::OperationId("op_" + id + std::to_string(i));
      all.push_back(item);
    }
    done(store.batches().create_batch(one, all));
    return all;
  };
  auto finished = batch("batch_1", 25);
  (void)batch("batch_2", 1);
  for (auto& item : finished) item.state = "done";
  done(store.batches().settle_batch("batch_1", finished, at(2'000)));
  CHECK(histories.all(&store::Retention::prune_batches, 2'000, most).second == 0);
  CHECK(histories.all(&store::Retention::prune_batches, 2'001, most + 9, Prune::kRehearse).second == 1);
  CHECK(histories.all(&store::Retention::prune_batches, 2'001, most + 9).second == 1);
  CHECK_FALSE(got(store.batches().batch("batch_1")).has_value());
  CHECK(got(store.batches().batch_items("batch_1", "", 0, 100)).empty());
  CHECK(got(store.batches().batch("batch_2"))->total == 1);
}

STORE_CHECK("a manifest stays for as long as a run is on it") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Histories histories(store);
  CHECK(got(store.retention().prune_manifests()) == 0);
  auto [run, created] = sample_run("run_0", histories.tenant(1), sample_manifest("past", 1), at(10));
  run.head.state = model::RunState::kCompleted;
  run.head.completed_at = at(20);
  REQUIRE(histories.bench().create(run, created, kHere, at(100'000)) == Written::kDone);
  histories.finish("run_z", 1, 4'000);
  CHECK(histories.all(&store::Retention::prune_runs, 1'000, 100).second == 1);
  CHECK(got(store.retention().prune_manifests()) == 1);
  CHECK(got(store.retention().prune_manifests()) == 0);
  CHECK(got(store.run(base::RunId("run_c"))).has_value());
}
