// That a request with an idempotency key is carried out once.
#pragma once
#include <atomic>
#include <latch>
#include <thread>

#include "store/contract/contract.hpp"

STORE_CHECK("an idempotency key is reserved once, keeps its answer, and is forgotten when it is old") {
  STORE_BACKEND backend;
  const base::AccountId amina("acc_amina");
  const base::AccountId bo("acc_bo");
  {
    auto& store = backend.store();
    CHECK_FALSE(got(store.reserve_key(amina, "key", "hash-1", at(1'000), at(0))).has_value());
    const auto pending = *got(store.reserve_key(amina, "key", "hash-2", at(1'001), at(0)));
    CHECK(pending.status == 0);
    CHECK(pending.body_hash == "hash-1");
    CHECK_FALSE(got(store.reserve_key(bo, "key", "hash-1", at(1'002), at(0))).has_value());
    done(store.complete_key(amina, "key", {"hash-1", 202, R"({"operation":"op_1"})", "/api/operations/op_1"}));
  }
  backend.reopen();
  auto& store = backend.store();
  const auto answer = *got(store.reserve_key(amina, "key", "hash-1", at(1'003), at(0)));
  CHECK(answer.status == 202);
  CHECK(answer.body_hash == "hash-1");
  CHECK(answer.body == R"({"operation":"op_1"})");
  CHECK(answer.location == "/api/operations/op_1");
  CHECK(got(store.reserve_key(bo, "key", "hash-1", at(1'004), at(0)))->status == 0);
  done(store.release_key(bo, "key"));
  CHECK_FALSE(got(store.reserve_key(bo, "key", "hash-3", at(1'005), at(0))).has_value());
  CHECK_FALSE(got(store.reserve_key(amina, "key", "hash-4", at(90'000), at(1'001))).has_value());
  CHECK(got(store.reserve_key(bo, "key", "hash-3", at(90'000), at(1'001))).has_value());
}

STORE_CHECK("of many equal requests with one key exactly one is carried out") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  std::atomic<int> reserved{0};
  std::atomic<int> waiting{0};
  std::latch ready(16);
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t)
    threads.emplace_back([&] {
      ready.arrive_and_wait();
      const auto stored = store.reserve_key(base::AccountId("acc"), "key", "hash", at(1'000), at(0));
      if (stored.has_value()) ++(stored->has_value() ? waiting : reserved);
    });
  for (auto& thread : threads) thread.join();
  CHECK(reserved == 1);
  CHECK(waiting == 15);
}
