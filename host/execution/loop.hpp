// The inside of the scheduler. Private to the room; only its own thread touches anything here but `inbox`, `board` and
// the atomics.
#pragma once
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "execution/answering.hpp"
#include "execution/call_sink.hpp"
#include "execution/lease_guard.hpp"
#include "execution/report.hpp"
#include "execution/scheduler.hpp"
#include "pace/turns.hpp"

namespace tenantry::execution {

using base::Millis;
using base::Time;
using model::Change;

// A call that is out.
struct Flight {
  std::int64_t attempt = 0;
  pace::Keys keys;
  std::shared_ptr<engine::Call> call;  // nullptr until it was started
  std::shared_ptr<StepCall> sink;
  Time deadline{};
  bool told = false;  // to stop
};

// An unfinished run that this host owns.
struct Active {
  model::Run run;                            // ahead of the store while a batch is being made
  CommittedPtr committed;                    // nullptr: not in the store yet
  std::shared_ptr<engine::Runtime> runtime;  // the generation it stays on; nullptr: none that fits is loaded
  std::int64_t token = 0;
  bool create = false;
  std::vector<Change> pending;  // of this batch
  std::map<std::size_t, Flight> flights;
  std::vector<std::size_t> starting;  // claimed in this batch
  std::vector<std::size_t> stopping;  // to be told after the commit
  bool on_board = false;
  bool repainted = false;  // the view differs in what is not durable (progress, wait_reason)
  Time alarm{};            // its place in the alarms; Time{}: none
  Time turn_ends{};        // until then it goes before those who wait for theirs
};

class Scheduler::Loop {
 public:
  Loop(store::Store& store, store::HostLife self, Ports ports, const base::Clock& clock, SchedulerOptions options);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void start();
  void drain(Millis wait);
  [[nodiscard]] const Ports& ports() const { return *ports_; }
  // The same, to be called on a thread for answers.
  [[nodiscard]] Answered aside(Answered answered) {
    return [this, answered = std::move(answered)](base::Result<RunView> result) {
      answering_.give([answered, result = std::move(result)] { answered(result); });
    };
  }

  const std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
  Board board;
  std::atomic<std::size_t> in_flight{0};
  std::atomic<bool> healthy{true};

 private:
  // loop.cpp: the round, and what has happened
  void live();
  [[nodiscard]] Millis until_next() const;
  void on(CreateRun& create);
  void on(GiveCommand& given);
  void on(CallEnded& ended);
  void on(SaveCheckpoint& save);
  void on(EngineSaid& said);
  void on(Progressed& news);
  void on(ServerSaid& said);
  base::Result<void> give(Active& active, const model::Fact& fact);
  void add(Active& active, Change&& change);
  void repaint(Active& active);
  [[nodiscard]] Active* find(const base::RunId& run);
  [[nodiscard]] bool is_draining() const { return drain_until_ != 0; }
  [[nodiscard]] bool drained();
  void close();

  // ownership.cpp: which runs are ours
  void housekeeping();
  void take_up();
  void take_up_all();
  [[nodiscard]] std::size_t room() const;
  void begin_life();
  Active& adopt(store::OwnedRun owned, std::size_t suspects = 0);
  void mend_times(model::Run& run) const;
  void forget(Active& active);
  [[nodiscard]] Time lease_end() const { return now_ + options_.lease; }
  void leased() { guard_.leased_until(now_ + options_.lease - options_.lease / 6); }

  // handing.cpp: commands for runs of other hosts, and theirs for ours
  void hand_over(GiveCommand& given);
  void take_handed();
  void follow_handed();
  [[nodiscard]] bool follow(GiveCommand& given);
  [[nodiscard]] bool again(const GiveCommand& given);
  void leave_handed();
  [[nodiscard]] Millis patience() const;

  // commit.cpp: making it durable, and only then true
  [[nodiscard]] bool commit();
  void acknowledge(const std::set<Active*>& lost, const std::set<Active*>& busy);
  void roll_back(const base::Error& error);
  void restore(Active& active, std::vector<Item>& again);
  void show(Active& active);
  void clear_batch();

  // claims.cpp: whose turn it is to start something
  using Turns = pace::Turns<Active>;
  void claim();
  [[nodiscard]] bool moves(Turns::Lane& lane);
  void take_turn(Active& active);
  void claim_step(Active& active, std::size_t step, pace::Keys keys);
  [[nodiscard]] bool has_runtime(Active& active);
  void look_for_engines();
  void call_those_aside();
  void say_nothing(Active& active);
  void say(Active& active, std::size_t step, model::WaitReason reason);
  void hear(const Active& active, const Flight& flight, const model::StepReport& report);

  // names.cpp: exclusive names, over all hosts
  [[nodiscard]] bool take_name(const pace::Keys& keys);
  void free_names();
  void ask_for_names();

  // parking.cpp: runs that sleep
  struct Parked {
    base::RunId run;
    std::int64_t token = 0;
  };
  [[nodiscard]] bool is_quiet(const Active& active) const;
  void park();
  void wake_parked();
  void forget_parked(const base::RunId& run);

  // calls.cpp: calls, time
  void begin_call(Active& active, std::size_t step);
  void tell(Active& active, std::size_t step);
  void land(Active& active, std::size_t step);
  void enqueue(Active& active);
  void set_alarm(Active& active);
  void ring_alarms();
  void watch_flights(Active& active);

  static constexpr int kAnsweringThreads = 2;
  Answering answering_{kAnsweringThreads};
  store::Store& store_;
  store::HostLife self_;
  const std::shared_ptr<const Ports> ports_;  // shared with calls that may outlive the scheduler
  const base::Clock& clock_;
  const SchedulerOptions options_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> look_{false};             // there may be runs to claim
  std::atomic<bool> hear_{false};             // there may be commands for our runs
  std::atomic<bool> answered_{false};         // there may be answers to ours
  std::atomic<bool> freed_elsewhere_{false};  // a name that was held by another host may be free
  std::atomic<std::int64_t> drain_until_{0};  // ms; 0: not draining

  Time now_{};
  Time next_housekeeping_{};
  Time paused_until_{};  // after a commit that failed
  Millis pause_;
  bool told_all_ = false;
  pace::Limits limits_;
  LeaseGuard guard_;
  std::vector<store::HostLife> given_up_;  // lives of ours, not released yet
  bool left_over_ = false;                 // the last look may have left runs to claim
  OutputCheck outputs_;
  std::mt19937_64 random_;
  std::uniform_real_distribution<double> chance_{0.0, 1.0};
  std::unordered_map<base::RunId, std::unique_ptr<Active>> runs_;
  Turns turns_;
  Time opens_at_ = Time::max();       // the first lane that waits for time
  std::set<std::string> freed_;       // exclusive names that somebody may stand aside for
  std::map<std::string, int> names_;  // those that are ours in the store: turns we have had
  struct Elsewhere {
    Time again{};             // not to be asked for before
    bool after_ours = false;  // it is for others to take, and that it was given back we know
  };
  std::map<std::string, Elsewhere> names_elsewhere_;
  std::map<std::string, model::ManifestPtr> gone_;  // by digest; somebody stands aside until such an engine is loaded
  Time next_look_{};                                // for engines that are gone
  std::set<std::pair<Time, Active*>> alarms_;
  std::vector<base::RunId> quiet_;  // may be parked at the end of the round
  std::multimap<Time, Parked> parked_until_;
  std::unordered_map<base::RunId, std::multimap<Time, Parked>::iterator> parked_;
  std::vector<GiveCommand> handed_;  // to other hosts, not answered yet
  Time next_follow_{};

  // The batch. `todo_` is kept until the commit: if that fails, it has not happened yet.
  std::deque<Item> todo_;  // references into it live as long as the batch
  std::vector<Active*> touched_;
  std::vector<base::RunId> repainted_;
  struct Accepted {
    Active* active;
    Answered* answered;
    GiveCommand* given;  // nullptr: a new run
  };
  std::vector<Accepted> accepted_;
  std::vector<std::pair<Answered*, base::Error>> refused_;
  std::vector<std::pair<Active*, std::function<void(bool)>*>> checkpoints_;  // nullptr: not current any more
};

}  // namespace tenantry::execution
