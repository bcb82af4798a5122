#include "events/feed.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "events/text.hpp"

namespace tenantry::events {
namespace {

constexpr std::size_t kLook = 500;  // events
constexpr int kLooks = 20;
constexpr std::size_t kPages = 64;
constexpr std::size_t kMostMembers = 50'000;
constexpr std::chrono::milliseconds kBetweenTries{10};
constexpr std::chrono::seconds kSweep{1};
constexpr std::chrono::seconds kMembersLast{10};
constexpr std::string_view kComment = ": still here\n\n";

PublishedPtr render(const store::StoredEvent& event) {
  return std::make_shared<const Published>(Published{event.id, event.run, event.tenant, to_sse(event)});
}

std::string member_key(const base::AccountId& account, const base::TenantId& tenant) {
  return account.value + ' ' + tenant.value;
}

base::Error not_ready() {
  return {base::ErrorKind::kUnavailable,
          "events.not_ready",
          "The host does not know yet which events are complete.",
          "Try again in a moment.",
          {},
          {}};
}

}  // namespace

Feed::Feed(store::Store& store, const base::Clock& clock, FeedOptions options)
    : store_(store), clock_(clock), options_(options), tail_(options.tail_events, options.tail_bytes) {}

Feed::~Feed() { stop(); }

void Feed::start() {
  watching_ = std::thread([this] { watch(); });
  catching_up_ = std::thread([this] { catch_up(); });
}

void Feed::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  woken_.notify_all();
  left_behind_.notify_all();
  if (watching_.joinable()) watching_.join();
  if (catching_up_.joinable()) catching_up_.join();
  Followers dropped;
  const std::lock_guard lock(mutex_);
  dropped.splice(dropped.end(), live_);
  dropped.splice(dropped.end(), behind_);
}

void Feed::wake() {
  {
    const std::lock_guard lock(mutex_);
    wake_ = true;
  }
  woken_.notify_one();
}

void Feed::watch() {
  auto next_sweep = std::chrono::steady_clock::now() + kSweep;
  auto next_forget = std::chrono::steady_clock::now() + kMembersLast;
  const auto sweep_every = std::min<std::chrono::steady_clock::duration>(kSweep, options_.heartbeat / 4);
  bool well = true;
  bool doubtful = false;  // it will be known soon whether there is more
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      woken_.wait_for(lock, doubtful ? std::min(kBetweenTries, options_.poll) : options_.poll,
                      [this] { return wake_ || stopped_; });
      if (stopped_) return;
      wake_ = false;
    }
    if (rests()) continue;
    const auto looked = look();
    {
      const std::lock_guard looking(looking_);
      doubtful = !begun_ || frontier_.in_doubt();
    }
    if (looked.has_error() && looked.error().code != "events.not_ready" && std::exchange(well, false))
      base::log::warn("events not read", {{"code", looked.error().code}, {"error", looked.error().message}});
    well = well || looked.has_value();
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_forget) {
      next_forget = now + kMembersLast;
      const std::lock_guard lock(mutex_);
      members_.clear();
    }
    if (now < next_sweep) continue;
    next_sweep = now + sweep_every;
    sweep(now);
  }
}

// While nobody follows, nothing is read, and what is in memory goes: whoever comes is served from the store and then
// from a new tail.
bool Feed::rests() {
  const std::scoped_lock lock(looking_, mutex_);
  if (!live_.empty() || !behind_.empty() || in_hand_ > 0) return false;
  begun_ = tailing_ = false;
  tail_.clear();
  return true;
}

// Publishes everything that is settled now.
base::Result<void> Feed::look() {
  const std::lock_guard looking(looking_);
  if (!begun_) {
    // Where several hosts write, the first look tells who may still be at it, and a later one that they are not.
    for (int looks = 0; looks < kLooks && !begun_; ++looks) {
      if (looks > 1) std::this_thread::sleep_for(kBetweenTries);
      const auto range = store_.event_range();
      if (range.has_error()) return range.error();
      begun_ = frontier_.begin(range->newest, range->writers, clock_.now());
    }
    if (!begun_) return not_ready();
    const std::lock_guard lock(mutex_);
    tail_.begin(frontier_.settled());
    tailing_ = true;
    left_behind_.notify_one();
  }
  for (;;) {
    ++looks_;
    const auto found = store_.look_at_events(frontier_.settled(), kLook);
    if (found.has_error()) return found.error();
    if (found->events.empty()) return {};
    std::vector<std::int64_t> ids;
    ids.reserve(found->events.size());
    for (const auto& event : found->events) ids.push_back(event.id);
    const auto settled = frontier_.advance(ids, found->writers, clock_.now());
    std::vector<PublishedPtr> news;
    news.reserve(settled);
    for (std::size_t i = 0; i < settled; ++i) news.push_back(render(found->events[i]));
    if (!news.empty()) publish(std::move(news));
    if (settled < kLook) return {};
  }
}

std::optional<bool> Feed::wants(const store::EventTopic& topic, const Published& event) const {
  if (!topic.run.empty()) return topic.run == event.run;
  if (!topic.tenant.empty()) return topic.tenant == event.tenant;
  if (topic.member.empty()) return true;
  const auto known = members_.find(member_key(topic.member, event.tenant));
  return known == members_.end() ? std::nullopt : std::optional(known->second);
}

// Who belongs to the tenants of these events, asked before the readers are gone through: that must not wait for the
// store.
void Feed::learn_members(const std::vector<PublishedPtr>& news) {
  std::vector<std::pair<base::AccountId, base::TenantId>> unknown;
  {
    const std::lock_guard lock(mutex_);
    std::vector<base::AccountId> accounts;
    for (const auto& follower : live_)
      if (!follower.topic.member.empty() &&
          std::find(accounts.begin(), accounts.end(), follower.topic.member) == accounts.end())
        accounts.push_back(follower.topic.member);
    if (members_.size() > kMostMembers) members_.clear();
    for (const auto& account : accounts)
      for (const auto& event : news)
        if (members_.find(member_key(account, event->tenant)) == members_.end())
          unknown.emplace_back(account, event->tenant);
  }
  std::sort(unknown.begin(), unknown.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first.value, a.second.value) < std::tie(b.first.value, b.second.value);
  });
  unknown.erase(std::unique(unknown.begin(), unknown.end()), unknown.end());
  for (const auto& [account, tenant] : unknown) {
    const auto role = store_.role(tenant, account);
    if (role.has_error()) continue;  // its readers will ask the store themselves
    const std::lock_guard lock(mutex_);
    members_[member_key(account, tenant)] = role->has_value();
  }
}

void Feed::publish(std::vector<PublishedPtr> news) {
  learn_members(news);
  const auto newest = news.back()->id;
  const auto now = std::chrono::steady_clock::now();
  std::string text;
  const std::lock_guard lock(mutex_);
  for (auto& event : news) tail_.add(event);
  for (auto at = live_.begin(); at != live_.end();) {
    auto& follower = *at;
    const auto next = std::next(at);
    text.clear();
    bool known = true;
    for (const auto& event : news) {
      if (event->id <= follower.sent) continue;  // another host has given it that
      const auto wanted = wants(follower.topic, *event);
      known = known && wanted.has_value();
      if (wanted.value_or(false)) text += event->sse;
    }
    if (!known || (!text.empty() && follower.reader->queued() + text.size() > options_.most_queued)) {
      behind_.splice(behind_.end(), live_, at);
      left_behind_.notify_one();
    } else if (text.empty()) {
      follower.sent = std::max(follower.sent, newest);
    } else if (follower.reader->write(text)) {
      follower.sent = std::max(follower.sent, newest);
      follower.written = now;
    } else {
      live_.erase(at);
    }
    at = next;
  }
}

void Feed::sweep(Steady now) {
  const std::lock_guard lock(mutex_);
  live_.remove_if([&](Follower& follower) {
    if (!follower.reader->open()) return true;
    if (now - follower.written < options_.heartbeat || follower.reader->queued() > 0) return false;
    follower.written = now;
    return !follower.reader->write(kComment);
  });
}

void Feed::follow(store::EventTopic topic, std::int64_t after, std::unique_ptr<Reader> reader) {
  // Its position even before the first event: whoever is cut off comes back with it.
  if (!reader->write("retry: 2000\nid: " + std::to_string(after) + "\n\n")) return;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    behind_.push_back({std::move(topic), after, std::move(reader), std::chrono::steady_clock::now()});
    wake_ = true;
  }
  woken_.notify_one();
  left_behind_.notify_one();
}

void Feed::catch_up() {
  bool on = true;
  for (;;) {
    Followers mine;
    {
      std::unique_lock lock(mutex_);
      if (behind_.empty())
        left_behind_.wait(lock, [this] { return stopped_ || !behind_.empty(); });
      else if (!on)
        left_behind_.wait_for(lock, kBetweenTries, [this] { return stopped_; });
      if (stopped_) return;
      mine.swap(behind_);
      in_hand_ = mine.size();
    }
    on = false;
    for (auto at = mine.begin(); at != mine.end();) {
      const auto went = bring_on(*at);
      on = on || went == Went::kOn;
      at = went == Went::kGone ? mine.erase(at) : std::next(at);
    }
    const std::lock_guard lock(mutex_);
    in_hand_ = 0;
    for (auto at = mine.begin(); at != mine.end();) {
      const auto next = std::next(at);
      const bool live = tailing_ && at->sent >= tail_.newest();
      auto& place = live ? live_ : behind_;
      place.splice(place.end(), mine, at);
      at = next;
    }
  }
}

Feed::Went Feed::bring_on(Follower& follower) {
  if (!follower.reader->open()) return Went::kGone;
  if (follower.reader->queued() > options_.most_queued / 2) return Went::kNowhere;
  std::int64_t upto = 0;
  std::string text;
  {
    const std::lock_guard lock(mutex_);
    upto = tail_.newest();
    if (!tailing_ || follower.sent >= upto) return Went::kNowhere;
    if (!tail_.covers(follower.sent) || !follower.topic.member.empty()) {
      text.clear();
    } else {
      auto sent = follower.sent;
      tail_.beyond(follower.sent, [&](const Published& event) {
        const bool wanted = *wants(follower.topic, event);
        if (wanted && !text.empty() && text.size() + event.sse.size() > options_.most_queued) return false;
        if (wanted) text += event.sse;
        sent = event.id;
        return true;
      });
      follower.sent = sent;
      upto = 0;
    }
  }
  if (upto != 0) return bring_on_from_store(follower, upto);
  if (text.empty()) return Went::kOn;
  follower.written = std::chrono::steady_clock::now();
  return follower.reader->write(text) ? Went::kOn : Went::kGone;
}

Feed::Went Feed::bring_on_from_store(Follower& follower, std::int64_t upto) {
  const auto found = page(follower.topic, follower.sent, upto);
  if (!found) return Went::kNowhere;
  std::string text;
  auto sent = found->covered;
  for (const auto& event : found->events) {
    if (!text.empty() && text.size() + event->sse.size() > options_.most_queued) break;
    text += event->sse;
    sent = event->id;
  }
  const bool whole = found->events.empty() || sent == found->events.back()->id;
  follower.sent = whole ? found->covered : sent;
  if (text.empty()) return Went::kOn;
  follower.written = std::chrono::steady_clock::now();
  return follower.reader->write(text) ? Went::kOn : Went::kGone;
}

// What is settled never changes, so a page once read is right for ever; many who come back at the same time, and from
// the same place, share it.
std::shared_ptr<const Feed::CachedPage> Feed::page(const store::EventTopic& topic, std::int64_t after,
                                                   std::int64_t upto) {
  const auto known = std::find_if(pages_.rbegin(), pages_.rend(),
                                  [&](const auto& page) { return page->after == after && page->topic == topic; });
  if (known != pages_.rend()) return *known;
  ++page_reads_;
  const auto found = store_.events(topic, after, upto, options_.page);
  if (found.has_error()) {
    if (std::exchange(pages_well_, false))
      base::log::warn("events not read", {{"code", found.error().code}, {"error", found.error().message}});
    return nullptr;
  }
  pages_well_ = true;
  auto page = std::make_shared<CachedPage>(CachedPage{topic, after, found->covered, {}});
  for (const auto& event : found->events) page->events.push_back(render(event));
  if (pages_.size() >= kPages) pages_.erase(pages_.begin());
  pages_.push_back(page);
  return page;
}

base::Result<std::int64_t> Feed::settled() {
  if (const auto looked = look(); looked.has_error()) return looked.error();
  const std::lock_guard looking(looking_);
  return frontier_.settled();
}

base::Result<void> Feed::check(std::int64_t after) {
  if (after == 0) return {};
  const auto newest = settled();
  if (newest.has_error()) return newest.error();
  const auto range = store_.event_range();
  if (range.has_error()) return range.error();
  if (after <= *newest && after + 1 >= range->oldest) return {};
  return base::Error{base::ErrorKind::kGone,
                     "events.trimmed",
                     after > *newest ? "This host has not given event " + std::to_string(after) + " to anybody."
                                     : "The events after " + std::to_string(after) + " are no longer all stored.",
                     "Read the status anew and follow from now on, without Last-Event-ID.",
                     {},
                     {}};
}

base::Result<store::EventPage> Feed::read(const store::EventTopic& topic, std::int64_t after, std::size_t limit) {
  const auto upto = settled();
  if (upto.has_error()) return upto.error();
  if (after >= *upto) return store::EventPage{{}, after};
  store::EventPage all;
  all.covered = after;
  // A window without any of the topic's events is no reason to answer with nothing.
  while (all.events.empty() && all.covered < *upto) {
    auto page = store_.events(topic, all.covered, *upto, limit);
    if (page.has_error()) return page.error();
    all = std::move(*page);
  }
  return all;
}

FeedCounts Feed::counts() const {
  const std::lock_guard lock(mutex_);
  FeedCounts counts;
  counts.behind = behind_.size() + in_hand_;
  counts.readers = live_.size() + counts.behind;
  counts.tail_bytes = tail_.bytes();
  counts.looks = looks_;
  counts.pages = page_reads_;
  return counts;
}

}  // namespace tenantry::events
