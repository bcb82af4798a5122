// After a commit, to everybody who wants to know: the live stream of events.
//
// One thread looks for new events, as far as they are settled (store/frontier.hpp): at once when this host has
// committed something, and a few times a second for what other hosts have. (PostgreSQL's NOTIFY would be quicker by a
// tenth of a second, and would make the commits of all hosts wait for each other.) It renders each event once, keeps
// the newest in a bounded tail and hands them to the readers that are up to date; a thousand readers of the same run
// cost one read of the store. A second thread brings those up to date that are behind, from the tail or page by page
// from the store, as fast as each reads. A reader that stops reading is one of those: it costs what it has queued, and
// the transport drops it. Nothing here ever waits for a reader, and no writer waits for anything here. While there is
// no reader, none of this happens.
#pragma once
#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "events/reader.hpp"
#include "events/tail.hpp"

namespace tenantry::events {

struct FeedOptions {
  base::Millis poll{200};          // between looks for what other hosts have committed
  base::Millis heartbeat{15'000};  // silence after which a reader gets a comment
  std::size_t tail_events = 8'192;
  std::size_t tail_bytes = 8U << 20U;
  std::size_t page = 100;            // events per read of the store
  std::size_t most_queued = 64'000;  // bytes that a reader may not have taken and still get more
};

struct FeedCounts {
  std::size_t readers = 0;
  std::size_t behind = 0;  // of them
  std::size_t tail_bytes = 0;
  std::uint64_t looks = 0;  // reads of the store for new events
  std::uint64_t pages = 0;  // reads of the store for readers that were behind
};

// Thread-safe.
class Feed {
 public:
  // `store` and `clock` outlive the feed.
  Feed(store::Store& store, const base::Clock& clock, FeedOptions options = {});
  ~Feed();  // stop()
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  void start();
  void stop();  // lets go of all readers; idempotent
  void wake();  // something was committed

  // Up to which id everything that will ever have one is there. Looks in the store: what the caller has seen committed
  // on this host is below it.
  [[nodiscard]] base::Result<std::int64_t> settled();

  // gone "events.trimmed" if events beyond `after` are no longer stored, or `after` was never given.
  [[nodiscard]] base::Result<void> check(std::int64_t after);

  // The topic's events beyond `after`.
  [[nodiscard]] base::Result<store::EventPage> read(const store::EventTopic& topic, std::int64_t after,
                                                    std::size_t limit);

  // From now on the reader gets the topic's events beyond `after` as server-sent events, each once and in order. It is
  // let go when it is no longer open().
  void follow(store::EventTopic topic, std::int64_t after, std::unique_ptr<Reader> reader);

  [[nodiscard]] FeedCounts counts() const;

 private:
  using Steady = std::chrono::steady_clock::time_point;
  struct Follower {
    store::EventTopic topic;
    std::int64_t sent = 0;
    std::unique_ptr<Reader> reader;
    Steady written{};
  };
  using Followers = std::list<Follower>;
  struct CachedPage {
    store::EventTopic topic;
    std::int64_t after = 0;
    std::int64_t covered = 0;
    std::vector<PublishedPtr> events;
  };

  void watch();     // the first thread
  void catch_up();  // the second
  [[nodiscard]] bool rests();
  [[nodiscard]] base::Result<void> look();
  void publish(std::vector<PublishedPtr> news);
  void learn_members(const std::vector<PublishedPtr>& news);
  void sweep(Steady now);
  // How far a follower got; false: it is gone.
  enum class Went { kGone, kNowhere, kOn };
  [[nodiscard]] Went bring_on(Follower& follower);
  [[nodiscard]] Went bring_on_from_store(Follower& follower, std::int64_t upto);
  [[nodiscard]] std::shared_ptr<const CachedPage> page(const store::EventTopic& topic, std::int64_t after,
                                                       std::int64_t upto);
  // nullopt: it has to be looked up.
  [[nodiscard]] std::optional<bool> wants(const store::EventTopic& topic, const Published& event) const;

  store::Store& store_;
  const base::Clock& clock_;
  const FeedOptions options_;

  std::mutex looking_;  // guards frontier_, begun_
  store::Frontier frontier_;
  bool begun_ = false;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable woken_;
  std::condition_variable left_behind_;
  bool stopped_ = false;
  bool wake_ = false;
  bool tailing_ = false;  // the tail has begun
  Tail tail_;
  Followers live_;
  Followers behind_;
  std::size_t in_hand_ = 0;                        // followers the second thread is busy with
  std::unordered_map<std::string, bool> members_;  // "account tenant"; emptied from time to time

  std::vector<std::shared_ptr<const CachedPage>> pages_;  // of the second thread; the newest last
  bool pages_well_ = true;                                // of the second thread
  std::atomic<std::uint64_t> looks_{0};
  std::atomic<std::uint64_t> page_reads_{0};
  std::thread watching_;
  std::thread catching_up_;
};

}  // namespace tenantry::events
