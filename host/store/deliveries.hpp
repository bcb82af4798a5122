// What is to be told to webhooks, and what came of it.
#pragma once
#include "store/store.hpp"

namespace tenantry::store {

struct Delivery {
  std::int64_t id = 0;
  std::string webhook;
  std::int64_t event = 0;         // the id of the event that is told
  std::string state = "waiting";  // waiting, delivered, given_up
  std::int64_t attempts = 0;
  Time due_at{};
  Time created_at{};
};

struct DeliveryAttempt {
  std::int64_t delivery = 0;
  std::int64_t number = 0;
  Time at{};
  std::int64_t status = 0;  // of HTTP; 0: there was no answer
  base::Millis took{0};
  std::string error;  // empty: it was taken
};

// Part of a Store; the same promises.
class Deliveries {
 public:
  Deliveries() = default;
  Deliveries(const Deliveries&) = delete;
  Deliveries& operator=(const Deliveries&) = delete;
  virtual ~Deliveries() = default;

  // One host at a time tells a webhook, for as long as its lease, which this prolongs. Gives up to which event
  // deliveries have been made; a webhook that is new begins at `newest`. nullopt: another host has it.
  [[nodiscard]] virtual Result<std::optional<std::int64_t>> claim_webhook(const std::string& webhook,
                                                                          const HostLife& self, Time now, Time until,
                                                                          std::int64_t newest) = 0;
  // Makes a delivery for each of the events and moves the position to `upto`, together.
  [[nodiscard]] virtual Result<void> add_deliveries(const std::string& webhook, std::span<const std::int64_t> events,
                                                    std::int64_t upto, Time now) = 0;
  // Waiting ones that are due, oldest first.
  [[nodiscard]] virtual Result<std::vector<Delivery>> due_deliveries(const std::string& webhook, Time now,
                                                                     std::size_t limit) = 0;
  // What came of an attempt: it is in `state` now and, if that is waiting, due again.
  [[nodiscard]] virtual Result<void> add_attempt(const DeliveryAttempt& attempt, const std::string& state,
                                                 Time due_at) = 0;
  // With id < before (0: the newest), newest first; `state` empty: all.
  [[nodiscard]] virtual Result<std::vector<Delivery>> deliveries(const std::string& webhook, const std::string& state,
                                                                 std::int64_t before, std::size_t limit) = 0;
  [[nodiscard]] virtual Result<std::vector<DeliveryAttempt>> delivery_attempts(std::int64_t delivery) = 0;
  // It is due again, whatever came of it so far; not_found "delivery.unknown".
  [[nodiscard]] virtual Result<void> send_again(const std::string& webhook, std::int64_t delivery, Time now) = 0;
};

}  // namespace tenantry::store
