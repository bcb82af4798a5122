// The connections of a store: one for writing, on which the work of many callers is committed together, and a few for
// reading, which never wait for it.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "sql/session.hpp"

namespace tenantry::sql {

using Work = std::function<void(Session&)>;

// Group commit without a thread of its own: whoever comes while nobody commits leads. It takes whatever work is queued,
// does it in one transaction, tells everybody concerned, and when its own work is among that, leads on the first of
// those who have come meanwhile. Nobody waits for a timer: while one commit is on its way to the disk, the next group
// gathers by itself. Who is alone commits on its own thread.
//
// When the connection is lost before the commit, nothing was done. When it is lost during the commit, the group is
// unsettled: each transaction leaves a number in the writer's row of commit_marks, so the first connection that can be
// made again tells whether that commit took place, and only then the group gets its answer. Reading the row waits for
// the lost connection's transaction, should the server not have noticed yet, because that holds the row.
class Writer {
 public:
  explicit Writer(const Dialect& dialect);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  // Waits for who is in commit(); what is unsettled then is answered as lost. Nobody may call commit() any more.
  ~Writer();

  // Durable when it returns a value; with an error nothing of `work` was done. `work` runs on some caller's thread, and
  // may run again from the start if the group it was in had to be split or the connection was lost. Any thread.
  [[nodiscard]] base::Result<void> commit(const Work& work);

  // Nobody is told later than this whether a change was committed: what is unsettled then is answered with an error,
  // and everything after it is refused, because it might build on what was not done. Any thread.
  void end_within(base::Millis patience);

 private:
  struct Waiting {
    const Work* work = nullptr;
    std::optional<base::Error> error;
    bool answered = false;
    std::binary_semaphore woken{0};  // because it is answered, or because it leads
  };
  using Group = std::vector<Waiting*>;
  enum class Next {
    kGiveUp,
    kSplit,      // one of the group is at fault, not the database
    kAgain,      // nothing was done, and it may well work now
    kUnsettled,  // the answer to the commit is missing
  };
  struct Failed {
    base::Error error;
    Next next = Next::kGiveUp;
  };

  void lead(const Waiting& own);
  void take(Group& group);
  void pass_on();
  void carry_out(const Group& group);
  void attempt(const Group& group, bool may_split);
  [[nodiscard]] std::optional<Failed> transact(const Group& group);
  void open();
  [[nodiscard]] bool settle();
  [[nodiscard]] bool is_over();
  static void answer(const Group& group, const std::optional<base::Error>& error);

  const Dialect& dialect_;
  const std::string name_;            // in commit_marks
  std::int64_t number_ = 0;           // of the newest transaction
  std::unique_ptr<Session> session_;  // the leader's; thrown away after a failure and opened anew for the next group
  Group unsettled_;                   // of transaction number_, or empty; the leader's
  bool gave_up_ = false;              // the leader's, too
  std::mutex mutex_;                  // guards what follows
  std::condition_variable changed_;
  Group queue_;
  bool led_ = false;
  bool stopping_ = false;
  std::optional<std::chrono::steady_clock::time_point> ends_at_;
};

enum class Reads { kOneStatement, kSeveral };  // one is a snapshot by itself: a transaction would be two more journeys

// A bounded set of read connections. Each read sees one snapshot: everything committed before it began.
class Readers {
 public:
  Readers(const Dialect& dialect, std::size_t limit);
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;
  ~Readers() = default;

  // Any thread; waits while all connections are in use. `work` runs again from the start if a connection turns out to
  // have been lost since it was last used.
  [[nodiscard]] base::Result<void> read(const Work& work, Reads reads = Reads::kSeveral);

 private:
  [[nodiscard]] std::unique_ptr<Session> acquire();
  void give_back(std::unique_ptr<Session> session);
  void drop_idle();
  [[nodiscard]] base::Result<void> attempt(std::unique_ptr<Session>& session, const Work& work, Reads reads,
                                           Trouble& trouble) const;

  const Dialect& dialect_;
  std::mutex mutex_;  // guards idle_, free_
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Session>> idle_;
  std::size_t free_;  // connections that may still be taken or opened
};

}  // namespace tenantry::sql
