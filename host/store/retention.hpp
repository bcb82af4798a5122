// Deleting what is old, a helping at a time, while hosts work on the store: each call is one short transaction, so that
// no writer waits for long.
#pragma once
#include "store/store.hpp"

namespace tenantry::store {

enum class Prune : std::uint8_t { kDelete, kRehearse };  // a rehearsal only counts

// Where the next helping begins; what is default-constructed begins at the oldest.
struct PrunePlace {
  std::int64_t number = 0;  // of events, deliveries: behind this one
  Time finished_at{};       // of runs: behind this one
  std::string run;
};

struct Pruned {
  std::int64_t count = 0;  // events, runs, deliveries, batches
  bool more = false;       // ask again, from the place that was moved on
};

// Part of a Store; the same promises. `most`: rows, roughly, that one call deletes or looks at.
//
// Numbers are never given twice: the newest event and the newest delivery stay, however old they are.
class Retention {
 public:
  Retention() = default;
  Retention(const Retention&) = delete;
  Retention& operator=(const Retention&) = delete;
  virtual ~Retention() = default;

  // Of all living hosts one does it: the one that has lived for longest. To have several do it would do no harm.
  [[nodiscard]] virtual Result<bool> is_eldest(const HostLife& self, Time now) = 0;

  // The oldest events, up to the first that is not older than `before`, whatever run they are of. Whoever asks for the
  // events beyond one that is older than these learns that they are no longer all there: EventRange::oldest.
  [[nodiscard]] virtual Result<Pruned> prune_events(Time before, PrunePlace& from, std::size_t most, Prune how) = 0;
  // Runs that were finished before `before`, with everything of theirs: steps, attempts, events, operations. Never one
  // that is not finished, nor the newest of a tenant that was not removed.
  [[nodiscard]] virtual Result<Pruned> prune_runs(Time before, PrunePlace& from, std::size_t most, Prune how) = 0;
  // Deliveries to webhooks that were made before `before`, with their attempts, unless they have become due since.
  [[nodiscard]] virtual Result<Pruned> prune_deliveries(Time before, PrunePlace& from, std::size_t most, Prune how) = 0;
  // Batches that were finished before `before`, with their items.
  [[nodiscard]] virtual Result<Pruned> prune_batches(Time before, PrunePlace& from, std::size_t most, Prune how) = 0;
  // Manifests that no run is pinned to.
  [[nodiscard]] virtual Result<std::int64_t> prune_manifests() = 0;
};

}  // namespace tenantry::store
