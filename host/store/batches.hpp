// Commands to many tenants at once, and how far each of them is.
#pragma once
#include "store/store.hpp"

namespace tenantry::store {

struct BatchItem {
  std::int64_t number = 0;  // within the batch, from 1; the order they are given in
  base::TenantId tenant;
  base::OperationId operation;    // chosen beforehand: if there is an operation of this id, the command was given
  std::string state = "waiting";  // waiting, done, refused
  std::string code;               // refused: why
  std::string message;
  std::string next_action;
  Time at{};  // of the answer
};

struct Batch {
  std::string id;
  base::AccountId account;
  std::string request;  // the body it was asked for with
  std::string host;     // that carries it out
  Time created_at{};
  Time finished_at{};  // Time{}: not yet
  std::int64_t total = 0;
  std::int64_t done = 0;
  std::int64_t refused = 0;
};

// Part of a Store; the same promises.
class Batches {
 public:
  Batches() = default;
  Batches(const Batches&) = delete;
  Batches& operator=(const Batches&) = delete;
  virtual ~Batches() = default;

  [[nodiscard]] virtual Result<void> create_batch(const Batch& batch, std::span<const BatchItem> items) = 0;
  [[nodiscard]] virtual Result<std::optional<Batch>> batch(const std::string& id) = 0;
  // With number > after, in order; `state` empty: all.
  [[nodiscard]] virtual Result<std::vector<BatchItem>> batch_items(const std::string& id, const std::string& state,
                                                                   std::int64_t after, std::size_t limit) = 0;
  // Takes over the unfinished batches of this host's earlier lives and of hosts without a lease. Oldest first.
  [[nodiscard]] virtual Result<std::vector<Batch>> claim_batches(const HostLife& self, Time now) = 0;
  // Writes the answers to items that are waiting; of others nothing changes. The batch is finished if none waits.
  [[nodiscard]] virtual Result<void> settle_batch(const std::string& id, std::span<const BatchItem> items,
                                                  Time now) = 0;
};

}  // namespace tenantry::store
