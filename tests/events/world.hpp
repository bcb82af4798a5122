// A store with runs that get events, and readers that keep what they are sent.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "events/feed.hpp"
#include "store/sample.hpp"
#include "support/any_store.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/temp_dir.hpp"

namespace tenantry::events::test {

using tenantry::test::eventually;
using testing::Bench;
using Ids = std::vector<std::int64_t>;

inline constexpr base::Time kLease{base::Millis{100'000'000}};
inline const store::HostLife kHere{"host-a", "boot-1"};

// What a reader was sent. The test decides when it takes something.
struct Inbox {
  std::mutex mutex;  // guards what follows
  std::string bytes;
  std::size_t taken = 0;
  bool takes = true;
  bool open = true;

  void close() {
    const std::lock_guard lock(mutex);
    open = false;
  }
  void take(bool on) {
    const std::lock_guard lock(mutex);
    takes = on;
    if (on) taken = bytes.size();
  }
  std::size_t queued() {
    const std::lock_guard lock(mutex);
    return bytes.size() - taken;
  }
  // Of the events; a block that has an id and no data only tells the position.
  Ids ids() {
    const std::lock_guard lock(mutex);
    Ids found;
    for (std::size_t at = 0; (at = bytes.find("id: ", at)) != std::string::npos; ++at) {
      const auto next = bytes.find('\n', at) + 1;
      if (bytes.compare(next, 7, "event: ") == 0) found.push_back(std::stoll(bytes.substr(at + 4)));
    }
    return found;
  }
  std::size_t comments() {
    const std::lock_guard lock(mutex);
    std::size_t count = 0;
    for (auto at = bytes.find(": still"); at != std::string::npos; at = bytes.find(": still", at + 1)) ++count;
    return count;
  }
};

class InboxReader final : public Reader {
 public:
  explicit InboxReader(std::shared_ptr<Inbox> inbox) : inbox_(std::move(inbox)) {}
  ~InboxReader() override { inbox_->close(); }
  bool write(std::string_view more) override {
    const std::lock_guard lock(inbox_->mutex);
    if (!inbox_->open) return false;
    inbox_->bytes += more;
    if (inbox_->takes) inbox_->taken = inbox_->bytes.size();
    return true;
  }
  [[nodiscard]] bool open() const override {
    const std::lock_guard lock(inbox_->mutex);
    return inbox_->open;
  }
  [[nodiscard]] std::size_t queued() const override { return inbox_->queued(); }

 private:
  std::shared_ptr<Inbox> inbox_;
};

inline std::unique_ptr<store::Store> open_file(const std::string& file) {
  return tenantry::test::open_any_store(file, testing::read_sample_manifest);
}

// Runs "run_0"... of tenants 0..., whose events are appended at will.
class Runs {
 public:
  Runs(store::Store& store, int count, const store::HostLife& self = kHere, int first = 0)
      : store_(store), self_(self) {
    const auto manifest = testing::sample_manifest("engine", 1);
    for (int i = first; i < first + count; ++i) {
      auto [run, created] =
          testing::sample_run("run_" + std::to_string(i), base::TenantId("ten_tenant-" + std::to_string(i)), manifest);
      const store::RunWrite write{&run, &created, 1, true};
      REQUIRE(store_.write({&write, 1}, self_, kLease).value().front() == store::Written::kDone);
      runs_.push_back(std::move(run));
    }
  }

  // One event for each run, in one commit.
  void append_to_all(std::size_t bytes = 10) {
    std::vector<model::Change> changes;
    changes.reserve(runs_.size());
    std::vector<store::RunWrite> writes;
    for (auto& run : runs_) {
      changes.push_back(testing::next_event(run, "test.happened"));
      changes.back().events.back().data = R"({"x":")" + std::string(bytes, 'x') + R"("})";
      writes.push_back({&run, &changes.back(), 1, false});
    }
    REQUIRE(store_.write(writes, self_, kLease).has_value());
  }
  [[nodiscard]] std::size_t size() const { return runs_.size(); }

 private:
  store::Store& store_;
  const store::HostLife self_;
  std::vector<model::Run> runs_;
};

struct World {
  explicit World(int runs, FeedOptions options = {})
      : bench(*store, runs), events(*store, runs), feed(*store, clock, options) {
    base::log::configure(base::log::Level::kOff);
    feed.start();
  }

  void append(std::size_t bytes = 10) {
    events.append_to_all(bytes);
    feed.wake();
  }
  std::shared_ptr<Inbox> follow(const store::EventTopic& topic, std::int64_t after, bool takes = true) {
    auto inbox = std::make_shared<Inbox>();
    inbox->takes = takes;
    feed.follow(topic, after, std::make_unique<InboxReader>(inbox));
    return inbox;
  }
  // What the store has, without the feed.
  Ids stored(const store::EventTopic& topic, std::int64_t after = 0) {
    Ids ids;
    for (const auto& event : store->events(topic, after, 1'000'000'000, 1'000'000).value().events)
      ids.push_back(event.id);
    return ids;
  }
  std::int64_t newest() { return store->event_range().value().newest; }

  tenantry::test::TempDir folder;
  base::SystemClock clock;
  std::unique_ptr<store::Store> store = open_file(folder / "store.db");
  Bench bench;
  Runs events;
  Feed feed;
};

inline store::EventTopic run_topic(int i) { return {base::RunId("run_" + std::to_string(i)), {}, {}}; }

}  // namespace tenantry::events::test
