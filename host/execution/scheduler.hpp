// The one thread that changes runs. It drains what has happened (answers, commands, time), lets model::advance decide,
// commits everything that is ready in one transaction, and only then acts: starts calls, stops calls, has commands
// answered, shows the new state. There is no timer in front of the commit: while one commit is being made, what
// arrives gathers for the next.
//
// Memory is a cache of the store. A commit that fails undoes the run in memory, and what had happened is tried again;
// a write whose token is no longer ours means that another host has the run, and it is forgotten here.
#pragma once
#include <memory>

#include "execution/board.hpp"
#include "execution/foresee.hpp"
#include "execution/inbox.hpp"
#include "execution/ports.hpp"
#include "pace/limits.hpp"
#include "store/store.hpp"

namespace tenantry::execution {

struct SchedulerOptions {
  pace::Options limits;
  base::Millis lease{30'000};
  base::Millis grace{30'000};  // after an attempt's time-out, before its call is given up
  // How long a turn may last. What follows on a short step starts in the transaction that ends it, and a run of short
  // steps is over soon instead of staying open until all others are; a step that takes longer is a turn of its own.
  base::Millis turn{100};
  std::size_t claim_batch = 1'000;
  bool only_host = false;  // nobody else can open the store
  // A run that has nothing to do for so long is kept in the store only; max(): none is.
  base::Millis park_after = base::Millis::max();
};

class Scheduler {
 public:
  // Everything passed in outlives the scheduler.
  Scheduler(store::Store& store, store::HostLife self, Ports ports, const base::Clock& clock, SchedulerOptions options);
  ~Scheduler();  // ends without waiting for running calls; see drain
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Takes up the runs of this host's earlier lives and begins to work.
  void start();

  // Any thread. Durable when `answered` hears a value; a refusal changed nothing. The run stays on `runtime` for as
  // long as this host carries it on, whatever is loaded meanwhile.
  void create(model::Run run, model::Change change, std::shared_ptr<engine::Runtime> runtime, const Answered& answered);
  void command(base::RunId run, model::Command command, const Answered& answered);

  // Any thread. Asks every step that has a PLAN what it would do in a run that is not made; nothing is stored and
  // nothing is changed. `done` is called once, on a thread of the runtime or on this one.
  void foresee(model::Run run, const std::shared_ptr<engine::Runtime>& runtime, Foreseen done);

  // No new claims; running calls are told to stop; returns when they have ended or `wait` is over. What did not end
  // is resolved by the next life. Then the runs are released and the thread ends.
  void drain(base::Millis wait);

  [[nodiscard]] const Board& board() const;
  [[nodiscard]] std::size_t running() const;  // steps in flight
  [[nodiscard]] bool healthy() const;         // the last commit worked

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace tenantry::execution
