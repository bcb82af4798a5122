#include "webhooks/courier.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "events/text.hpp"

namespace tenantry::webhooks {
namespace {

namespace json = base::json;
using store::Delivery;
using store::DeliveryAttempt;

constexpr std::size_t kPage = 200;    // events
constexpr std::size_t kAtATime = 50;  // deliveries
constexpr int kGone = 410;            // a receiver that wants no more of it

std::string message_id(const Delivery& delivery) {
  return "msg_" + delivery.webhook + "_" + std::to_string(delivery.event);
}

}  // namespace

bool wants(const Webhook& webhook, std::string_view type) {
  if (webhook.events.empty()) return type != "step.log";
  return std::any_of(webhook.events.begin(), webhook.events.end(), [&](std::string_view pattern) {
    if (pattern == "*") return true;
    if (!pattern.ends_with(".*")) return pattern == type;
    return type.starts_with(pattern.substr(0, pattern.size() - 1));
  });
}

std::string message_of(const store::StoredEvent& event) {
  const auto quoted = [](std::string_view text) { return json::serialize(json::string_view(text)); };
  return "{\"type\":" + quoted(event.event.type) + ",\"timestamp\":" + quoted(base::format_time(event.event.at)) +
         ",\"data\":" + events::to_json(event) + "}";
}

Courier::Courier(store::Store& store, events::Feed& feed, const base::Clock& clock, store::HostLife self,
                 std::vector<Webhook> webhooks, CourierOptions options)
    : store_(store),
      feed_(feed),
      clock_(clock),
      self_(std::move(self)),
      webhooks_(std::move(webhooks)),
      options_(std::move(options)) {}

Courier::~Courier() { stop(); }

void Courier::start() {
  for (const auto& webhook : webhooks_) threads_.emplace_back([this, &webhook] { serve(webhook); });
}

void Courier::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

bool Courier::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

void Courier::serve(const Webhook& webhook) {
  Sender sender(webhook.allow_local, options_.timeout);
  std::uint64_t nudged = 0;
  while (!stopped()) {
    std::int64_t position = 0;
    bool more = false;
    auto claimed = clock_.now();
    if (claim(webhook, position)) {
      auto done = enqueue(webhook, position);
      const auto due = store_.webhooks().due_deliveries(webhook.id, clock_.now(), kAtATime);
      if (due.has_error()) done = due.error();
      for (std::size_t i = 0; due.has_value() && done.has_value() && i < due->size() && !stopped(); ++i) {
        // Slow receivers must not cost the lease.
        if (clock_.now() - claimed > options_.lease / 4) {
          if (!claim(webhook, position)) break;
          claimed = clock_.now();
        }
        done = deliver(webhook, sender, (*due)[i]);
      }
      if (done.has_error())
        base::log::warn("webhook not served", {{"webhook", webhook.id}, {"code", done.error().code}});
      more = done.has_value() && due->size() == kAtATime;
    }
    std::unique_lock lock(mutex_);
    if (!more) wake_.wait_for(lock, options_.look, [&] { return stopped_ || nudges_ != nudged; });
    nudged = nudges_;
  }
}

bool Courier::claim(const Webhook& webhook, std::int64_t& position) {
  const auto settled = feed_.settled();
  if (settled.has_error()) return false;
  const auto now = clock_.now();
  const auto claimed = store_.webhooks().claim_webhook(webhook.id, self_, now, now + options_.lease, *settled);
  if (claimed.has_error() || !*claimed) return false;
  position = **claimed;
  return true;
}

base::Result<void> Courier::enqueue(const Webhook& webhook, std::int64_t position) {
  for (;;) {
    const auto page = feed_.read({}, position, kPage);
    if (page.has_error()) return page.error();
    if (page->covered <= position) return {};
    std::vector<std::int64_t> wanted;
    for (const auto& event : page->events)
      if (wants(webhook, event.event.type)) wanted.push_back(event.id);
    if (const auto added = store_.webhooks().add_deliveries(webhook.id, wanted, page->covered, clock_.now());
        added.has_error())
      return added.error();
    position = page->covered;
  }
}

base::Result<void> Courier::deliver(const Webhook& webhook, Sender& sender, const Delivery& delivery) {
  const auto found = store_.events({}, delivery.event - 1, delivery.event, 1);
  if (found.has_error()) return found.error();
  DeliveryAttempt attempt;
  attempt.delivery = delivery.id;
  attempt.number = delivery.attempts + 1;
  attempt.at = clock_.now();
  if (found->events.empty()) {
    attempt.error = "The event is no longer stored.";
    return store_.webhooks().add_attempt(attempt, "given_up", {});
  }
  const auto id = message_id(delivery);
  const auto seconds = base::to_millis(attempt.at) / 1000;
  const auto body = message_of(found->events.front());
  const auto sent = sender.post(webhook.url,
                                {{"Content-Type", "application/json"},
                                 {"User-Agent", "tenantry"},
                                 {"webhook-id", id},
                                 {"webhook-timestamp", std::to_string(seconds)},
                                 {"webhook-signature", webhook.key.sign(id, seconds, body)}},
                                body);
  attempt.status = sent.status;
  attempt.took = sent.took;
  attempt.error = sent.error;
  if (sent.error.empty()) return store_.webhooks().add_attempt(attempt, "delivered", {});
  const auto tried = static_cast<std::size_t>(attempt.number);
  const bool over = sent.status == kGone || tried > options_.waits.size();
  base::log::warn("webhook not delivered", {{"webhook", webhook.id},
                                            {"event", delivery.event},
                                            {"attempt", attempt.number},
                                            {"status", sent.status},
                                            {"error", sent.error},
                                            {"given_up", over}});
  if (over) return store_.webhooks().add_attempt(attempt, "given_up", {});
  return store_.webhooks().add_attempt(attempt, "waiting", clock_.now() + options_.waits[tried - 1]);
}

const Webhook* Courier::find(const std::string& id) const {
  const auto found = std::find_if(webhooks_.begin(), webhooks_.end(), [&](const auto& one) { return one.id == id; });
  return found == webhooks_.end() ? nullptr : &*found;
}

json::array Courier::list() const {
  json::array list;
  for (const auto& webhook : webhooks_)
    list.push_back(json::object{{"id", webhook.id},
                                {"url", webhook.url.substr(0, webhook.url.find('?'))},
                                {"events", json::value_from(webhook.events)},
                                {"allow_local", webhook.allow_local}});
  return list;
}

base::Result<json::object> Courier::deliveries(const std::string& webhook, const std::string& state,
                                               std::int64_t before, std::size_t limit) const {
  if (find(webhook) == nullptr) return base::not_found("webhook.unknown", "There is no such webhook.");
  const auto found = store_.webhooks().deliveries(webhook, state, before, limit);
  if (found.has_error()) return found.error();
  json::array list;
  for (const auto& delivery : *found) {
    const auto attempts = store_.webhooks().delivery_attempts(delivery.id);
    if (attempts.has_error()) return attempts.error();
    json::array tries;
    for (const auto& attempt : *attempts)
      tries.push_back(
          json::object{{"number", attempt.number},
                       {"at", base::format_time(attempt.at)},
                       {"status", attempt.status == 0 ? json::value(nullptr) : json::value(attempt.status)},
                       {"duration_ms", attempt.took.count()},
                       {"error", attempt.error.empty() ? json::value(nullptr) : json::value(attempt.error)}});
    const bool waits = delivery.state == "waiting";
    list.push_back(json::object{{"id", delivery.id},
                                {"webhook_id", message_id(delivery)},
                                {"event_id", delivery.event},
                                {"state", delivery.state},
                                {"due_at", waits ? json::value(base::format_time(delivery.due_at)) : json::value()},
                                {"created_at", base::format_time(delivery.created_at)},
                                {"attempts", std::move(tries)}});
  }
  return json::object{{"deliveries", std::move(list)},
                      {"next", found->size() < limit ? json::value(nullptr) : json::value(found->back().id)}};
}

base::Result<json::object> Courier::send_again(const std::string& webhook, std::int64_t delivery) {
  if (find(webhook) == nullptr) return base::not_found("webhook.unknown", "There is no such webhook.");
  if (const auto again = store_.webhooks().send_again(webhook, delivery, clock_.now()); again.has_error())
    return again.error();
  {
    const std::lock_guard lock(mutex_);
    ++nudges_;
  }
  wake_.notify_all();
  return json::object{{"id", delivery}, {"state", "waiting"}};
}

}  // namespace tenantry::webhooks
