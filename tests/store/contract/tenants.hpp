// Accounts, their tokens, and the tenants that belong to them.
#pragma once
#include "store/contract/contract.hpp"

STORE_CHECK("an account is made once per email and read by id and by email") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  CHECK_FALSE(got(store.has_accounts()));
  auto account = sample_account("amina");
  account.role = model::AccountRole::kAdmin;
  done(store.create_account(account));
  CHECK(got(store.has_accounts()));
  auto same_email = sample_account("other");
  same_email.email = account.email;
  const auto refused = store.create_account(same_email);
  REQUIRE(refused.has_error());
  CHECK(refused.error().kind == base::ErrorKind::kConflict);
  CHECK(refused.error().code == "account.exists");
  done(store.create_account(sample_account("bo")));

  backend.reopen();
  CHECK(show(*got(backend.store().account(account.id))) == show(account));
  CHECK(show(*got(backend.store().account_by_email(account.email))) == show(account));
  CHECK(got(backend.store().account_by_email("bo@example.org"))->role == model::AccountRole::kUser);
  CHECK_FALSE(got(backend.store().account(same_email.id)).has_value());
}

STORE_CHECK("a token is found until it expires or is deleted") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  const auto account = sample_account("amina");
  done(store.create_account(account));
  done(store.create_token({"hash-1", account.id, at(100), at(1'000)}));
  done(store.create_token({"hash-2", account.id, at(200), at(5'000)}));
  backend.reopen();
  auto& again = backend.store();
  const auto found = *got(again.token("hash-1", at(999)));
  CHECK(found.hash == "hash-1");
  CHECK(found.account == account.id);
  CHECK(found.created_at == at(100));
  CHECK(found.expires_at == at(1'000));
  CHECK_FALSE(got(again.token("hash-1", at(1'000))).has_value());
  CHECK(got(again.token("hash-2", at(1'000))).has_value());
  done(again.delete_token("hash-2"));
  CHECK_FALSE(got(again.token("hash-2", at(1'000))).has_value());
  // What has expired makes room when the next one is made.
  done(again.create_token({"hash-3", account.id, at(2'000), at(9'000)}));
  CHECK_FALSE(got(again.token("hash-1", at(0))).has_value());
  CHECK(got(again.token("hash-3", at(2'000))).has_value());
}

STORE_CHECK("a tenant is made once per owner and name, with its secrets, and its owner belongs to it") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  const auto amina = sample_account("amina");
  const auto bo = sample_account("bo");
  done(store.create_account(amina));
  done(store.create_account(bo));
  const auto tenant = sample_tenant("shop", amina.id);
  const std::vector<store::Store::SealedSecret> secrets{{"admin_password", std::string("\x00\xff\x01 sealed", 10)},
                                                        {"api_key", ""}};
  done(store.create_tenant(tenant, secrets));
  auto twin = sample_tenant("shop", amina.id);
  twin.id = base::TenantId("ten_twin");
  const auto refused = store.create_tenant(twin, secrets);
  REQUIRE(refused.has_error());
  CHECK(refused.error().kind == base::ErrorKind::kConflict);
  CHECK(refused.error().code == "tenant.exists");
  CHECK_FALSE(got(store.secret(twin.id, "admin_password")).has_value());
  auto elsewhere = sample_tenant("shop", bo.id);
  elsewhere.id = base::TenantId("ten_bo");
  done(store.create_tenant(elsewhere, {}));

  backend.reopen();
  auto& again = backend.store();
  const auto read = *got(again.tenant(tenant.id));
  CHECK(show(read.tenant) == show(tenant));
  CHECK_FALSE(read.run.has_value());
  CHECK_FALSE(read.state.has_value());
  CHECK((got(again.secret(tenant.id, "admin_password")) == secrets[0].sealed));
  CHECK((got(again.secret(tenant.id, "api_key")) == std::string()));
  done(again.put_secret(tenant.id, {"api_key", "second"}));
  CHECK(got(again.secret(tenant.id, "api_key")) == "second");
  CHECK_FALSE(got(again.secret(elsewhere.id, "api_key")).has_value());
  CHECK(got(again.role(tenant.id, amina.id)) == model::TenantRole::kOwner);
  CHECK_FALSE(got(again.role(tenant.id, bo.id)).has_value());
  CHECK(got(again.tenants_on(base::ServerId("server-1"))) == 2);
}

STORE_CHECK("tenants are listed newest first, by member, status, engine and part of the name, page by page") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  const auto amina = sample_account("amina");
  const auto bo = sample_account("bo");
  done(store.create_account(amina));
  done(store.create_account(bo));
  const Names names{"alpha", "Beta 100%", "gamma_x", "delta", "gammaX"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto tenant = sample_tenant(names[i], i < 4 ? amina.id : bo.id);
    tenant.id = base::TenantId("ten_" + std::to_string(i));
    tenant.created_at = at(100 * static_cast<std::int64_t>(i + 1));
    tenant.engine = base::EngineId(i % 2 == 0 ? "erpnext" : "odoo");
    done(store.create_tenant(tenant, {}));
  }
  const auto start = [&](int tenant, model::RunState state, std::int64_t created_at) {
    auto [run, created] =
        sample_run("run_" + std::to_string(tenant) + "_" + std::to_string(created_at),
                   base::TenantId("ten_" + std::to_string(tenant)), sample_manifest("engine", 1), at(created_at));
    run.head.state = state;
    const RunWrite write{&run, &created, 1, true};
    CHECK(got(store.write({&write, 1}, kHere, at(9'000))).front() == Written::kDone);
  };
  start(0, model::RunState::kCompleted, 100);
  start(0, model::RunState::kFailed, 200);  // the newest run counts
  start(1, model::RunState::kRunning, 100);
  start(2, model::RunState::kCompensationFailed, 100);
  start(3, model::RunState::kCompleted, 100);

  const auto list = [&](const model::TenantQuery& query) { return names_of(got(store.tenants(query))); };
  model::TenantQuery query;
  CHECK(list(query) == Names{"gammaX", "delta", "gamma_x", "Beta 100%", "alpha"});
  query.member = amina.id;
  CHECK(list(query) == Names{"delta", "gamma_x", "Beta 100%", "alpha"});
  query.limit = 2;
  CHECK(list(query) == Names{"delta", "gamma_x"});
  query.skip = 2;
  CHECK(list(query) == Names{"Beta 100%", "alpha"});
  query.skip = 4;
  CHECK(list(query).empty());

  query = {};
  query.limit = 1;
  query.skip = 1;
  CHECK(list(query) == Names{"delta"});
  query = {};
  query.status = "FAILED";
  CHECK(list(query) == Names{"gamma_x", "alpha"});
  query.status = "COMPLETED";
  CHECK(list(query) == Names{"delta"});
  query.status = "IN_PROGRESS";
  CHECK(list(query) == Names{"Beta 100%"});
  query.status = "NOT_STARTED";
  CHECK(list(query) == Names{"gammaX"});
  query.status = "CANCELLED";
  CHECK(list(query).empty());
  query.status = "no such status";
  CHECK(list(query).empty());
  query = {};
  query.engine = base::EngineId("odoo");
  CHECK(list(query) == Names{"delta", "Beta 100%"});
  query.status = "COMPLETED";
  query.member = amina.id;
  CHECK(list(query) == Names{"delta"});
  query = {};
  query.text = "GAMMA";
  CHECK(list(query) == Names{"gammaX", "gamma_x"});
  query.text = "a_x";
  CHECK(list(query) == Names{"gamma_x"});
  query.text = "0%";
  CHECK(list(query) == Names{"Beta 100%"});
  query.text = "'";
  CHECK(list(query).empty());

  const auto summary = got(store.tenant(base::TenantId("ten_0")));
  CHECK(summary->run == base::RunId("run_0_200"));
  CHECK(summary->state == model::RunState::kFailed);
  CHECK(summary->steps_completed == 0);
  CHECK(summary->total_steps == 1);
  CHECK(summary->current_step.has_value());
}
