// What was commanded, as a list.
#pragma once
#include "store/contract/contract.hpp"

STORE_CHECK("operations are listed newest first, of all, of a member's tenants and of one tenant, page by page") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  const auto amina = sample_account("amina");
  const auto bo = sample_account("bo");
  done(store.create_account(amina));
  done(store.create_account(bo));
  for (int i = 0; i < 3; ++i) {
    auto tenant = sample_tenant("shop " + std::to_string(i), i < 2 ? amina.id : bo.id);
    tenant.id = base::TenantId("ten_" + std::to_string(i));
    done(store.create_tenant(tenant, {}));
    auto [run, created] = sample_run("run_" + std::to_string(i), tenant.id, sample_manifest("engine", 1), at(100 + i));
    created.operation->id = base::OperationId("op_" + std::to_string(i));
    created.operation->actor = i == 0 ? amina.id.value : "host";
    created.operation->created_at = at(100 + i);
    const RunWrite write{&run, &created, 1, true};
    CHECK(got(store.write({&write, 1}, kHere, at(9'000))).front() == Written::kDone);
  }
  const auto list = [&](const model::OperationQuery& query) {
    std::vector<std::string> ids;
    for (const auto& summary : got(store.operations(query))) ids.push_back(summary.operation.id.value);
    return ids;
  };
  using Ids = std::vector<std::string>;
  model::OperationQuery query;
  CHECK(list(query) == Ids{"op_2", "op_1", "op_0"});
  query.limit = 1;
  query.skip = 1;
  CHECK(list(query) == Ids{"op_1"});
  query = {};
  query.member = amina.id;
  CHECK(list(query) == Ids{"op_1", "op_0"});
  query.member = bo.id;
  CHECK(list(query) == Ids{"op_2"});
  query = {};
  query.tenant = base::TenantId("ten_0");
  const auto one = got(store.operations(query));
  REQUIRE(one.size() == 1);
  CHECK(one[0].tenant_name == "shop 0");
  CHECK(one[0].actor_email == amina.email);
  CHECK(show(one[0].operation) == show(*got(store.operation(base::OperationId("op_0")))));
  query.tenant = base::TenantId("ten_1");
  CHECK(got(store.operations(query)).at(0).actor_email.empty());
}

STORE_CHECK("how long a step usually takes is learnt from the newest runs on its manifest that did its work") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  const auto amina = sample_account("amina");
  done(store.create_account(amina));
  const auto manifest = sample_manifest("engine", 3);
  const auto run_of = [&](const std::string& number, const model::ManifestPtr& on, std::int64_t took) {
    auto tenant = sample_tenant("shop " + number, amina.id);
    tenant.id = base::TenantId("ten_" + number);
    done(store.create_tenant(tenant, {}));
    auto [run, created] = sample_run("run_" + number, tenant.id, on);
    created.attempts = {{0, 1, 1, model::Op::kRun, model::Outcome::kDone, std::nullopt, at(1'000), at(1'000 + took)},
                        {1, 1, 1, model::Op::kRun, model::Outcome::kFailed, std::nullopt, at(1'000), at(9'000)},
                        {1, 2, 1, model::Op::kVerify, model::Outcome::kDone, std::nullopt, at(1'000), at(9'000)},
                        {2, 1, 1, model::Op::kRun, model::Outcome::kAlreadyDone, std::nullopt, at(1'000), at(1'001)}};
    const RunWrite write{&run, &created, 1, true};
    CHECK(got(store.write({&write, 1}, kHere, at(9'000))).front() == Written::kDone);
  };
  run_of("1", manifest, 70'000);
  run_of("2", manifest, 100);
  run_of("3", manifest, 300);
  run_of("4", sample_manifest("other", 3), 5'000);
  using Usual = std::vector<std::pair<std::size_t, base::Millis>>;
  CHECK((got(store.usual_durations(manifest->digest, 2)) == Usual{{0, base::Millis{200}}}));
  CHECK((got(store.usual_durations(manifest->digest, 1)) == Usual{{0, base::Millis{300}}}));
  CHECK(got(store.usual_durations("unknown", 2)).empty());
}
