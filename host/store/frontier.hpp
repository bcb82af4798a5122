// How far the events can be relied on to be complete, so that whoever follows them by id misses none.
//
// Ids are given when a row is inserted and show when its transaction is committed, and on PostgreSQL the transactions
// of several hosts overlap: 7 may show before 6. So a gap in the ids stops the frontier until it is filled, or until
// every transaction that had a number when the gap was first seen has ended: whatever still does not show then was
// rolled back. (A row's transaction has its number before the row has its id, because a writer's first statement is a
// write: commit_marks. So whoever holds an id of the gap had a number when an id beyond the gap showed. That a snapshot
// names no open transaction is no proof that there is none: it knows only of those up to the last one that has ended.)
// Ids of one run are in order anyway: its row in `runs` is written first, and that lets only one writer in.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/clock.hpp"

namespace tenantry::store {

// As of one snapshot. Both 0: ids are committed in their order.
struct OpenWriters {
  std::int64_t oldest = 0;  // every transaction before this one has ended, and shows if it was committed
  std::int64_t next = 0;    // no transaction from this one on had a number then; only looked up if there is a gap
};

class Frontier {
 public:
  // To be called with new snapshots until it says true: then everything up to settled() is, and whoever wants to
  // follow begins there.
  [[nodiscard]] bool begin(std::int64_t newest, const OpenWriters& writers, base::Time now);

  // `ids`: all that show beyond settled(), or the first of them, in order. Gives how many of them are settled now.
  [[nodiscard]] std::size_t advance(std::span<const std::int64_t> ids, const OpenWriters& writers, base::Time now);

  [[nodiscard]] std::int64_t settled() const { return settled_; }
  // A gap is being waited for.
  [[nodiscard]] bool in_doubt() const { return doubt_.has_value(); }

 private:
  // Who held the ids that are missing below `upto`?
  struct Doubt {
    std::int64_t upto = 0;
    std::int64_t next = 0;  // a transaction before this one, if anybody
    base::Time since{};
  };
  // Up to which id every gap is known to stay one; nullopt: nothing is known.
  [[nodiscard]] std::optional<std::int64_t> resolve(const OpenWriters& writers, base::Time now);

  std::int64_t settled_ = 0;
  std::optional<Doubt> doubt_;
};

}  // namespace tenantry::store
