// Tells receivers outside of what happens: each event that a webhook wants becomes a delivery, and each delivery is
// tried until the receiver takes it or the tries are used up.
//
// Which events have become deliveries, and what came of each try, is in the store: a host that is started again goes
// on there, and of several hosts one tells a webhook at a time. A message whose answer was lost is sent again under the
// same webhook-id: at least once, never not at all, and a receiver that remembers ids sees each once.
#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/json.hpp"
#include "events/feed.hpp"
#include "store/deliveries.hpp"
#include "webhooks/sender.hpp"
#include "webhooks/signature.hpp"

namespace tenantry::webhooks {

struct Webhook {
  std::string id;
  std::string url;
  SigningKey key;
  std::vector<std::string> events;  // types, or "run.*"; empty: all but lines of logs
  bool allow_local = false;
};

struct CourierOptions {
  base::Millis look{500};  // between looks for new events and what is due
  base::Millis timeout{15'000};
  base::Millis lease{60'000};
  // Between one try and the next; one more try than there are waits.
  std::vector<base::Millis> waits{base::Millis{5'000},      base::Millis{60'000},    base::Millis{300'000},
                                  base::Millis{1'800'000},  base::Millis{7'200'000}, base::Millis{18'000'000},
                                  base::Millis{36'000'000}, base::Millis{50'400'000}};
};

[[nodiscard]] bool wants(const Webhook& webhook, std::string_view type);
// The body of the message: {"type", "timestamp", "data": the event}.
[[nodiscard]] std::string message_of(const store::StoredEvent& event);

// A thread for each webhook: a receiver that hangs holds up nobody else. Thread-safe.
class Courier {
 public:
  // What is passed in outlives it.
  Courier(store::Store& store, events::Feed& feed, const base::Clock& clock, store::HostLife self,
          std::vector<Webhook> webhooks, CourierOptions options = {});
  ~Courier();  // stop()
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  void start();
  void stop();  // waits for the message that is out

  [[nodiscard]] base::json::array list() const;
  // {"deliveries": [...]} with their tries, newest first; not_found "webhook.unknown".
  [[nodiscard]] base::Result<base::json::object> deliveries(const std::string& webhook, const std::string& state,
                                                            std::int64_t before, std::size_t limit) const;
  // The delivery is due at once, under the same webhook-id.
  [[nodiscard]] base::Result<base::json::object> send_again(const std::string& webhook, std::int64_t delivery);

 private:
  void serve(const Webhook& webhook);
  // false: another host has it, or the store is away.
  [[nodiscard]] bool claim(const Webhook& webhook, std::int64_t& position);
  [[nodiscard]] base::Result<void> enqueue(const Webhook& webhook, std::int64_t position);
  [[nodiscard]] base::Result<void> deliver(const Webhook& webhook, Sender& sender, const store::Delivery& delivery);
  [[nodiscard]] const Webhook* find(const std::string& id) const;
  [[nodiscard]] bool stopped() const;

  store::Store& store_;
  events::Feed& feed_;
  const base::Clock& clock_;
  const store::HostLife self_;
  const std::vector<Webhook> webhooks_;
  const CourierOptions options_;
  mutable std::mutex mutex_;  // guards stopped_, nudges_
  std::condition_variable wake_;
  bool stopped_ = false;
  std::uint64_t nudges_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace tenantry::webhooks
