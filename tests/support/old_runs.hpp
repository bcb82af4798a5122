// The rows of a long past, in SQL that SQLite and PostgreSQL both understand: finished runs with everything of theirs,
// five to a tenant, each of three steps, and some rows in every other table.
#pragma once
#include <string>
#include <vector>

namespace tenantry::test {

// To be executed in order, on an empty store of this version's layout. Its ids begin with "old_".
[[nodiscard]] inline std::vector<std::string> old_runs(int runs) {
  const auto numbers = [](int count) {
    return "with recursive n(i) as (select 1 union all select i + 1 from n where i < " + std::to_string(count) + ") ";
  };
  const std::string text = "'', '', '', '', ''";
  return {
      "insert into accounts (id, email, name, role, password_hash, created_at) " + numbers(200) +
          "select 'old_acc_' || i, 'old-' || i || '@example.org', 'name', 'user', 'hash', i from n",
      "insert into tenants (id, owner, name, engine, server, country_code, admin_name, admin_email, category, "
      "description, labels, created_at) " +
          numbers(runs / 5) +
          "select 'old_ten_' || i, 'old_acc_' || (i % 200 + 1), 'name ' || i, 'engine', 'server-' || (i % 50), 'KE', "
          "'a', 'e', 'c', 'd', '{}', i from n",
      "insert into members (account, tenant, role) select owner, id, 'owner' from tenants where id like 'old_%'",
      "insert into tenant_secrets (tenant, name, sealed) select id, 'name', '' from tenants where id like 'old_%'",
      "insert into manifests (digest, text) " + numbers(20) + "select 'old_digest_' || i, 'engine 3' from n",
      "insert into runs (id, tenant, state, epoch, stopping, events, started_at, completed_at, created_at, token) " +
          numbers(runs) + "select 'old_run_' || i, 'old_ten_' || ((i - 1) % " + std::to_string(runs / 5) +
          " + 1), 'completed', 1, 0, 5, 1000 + i, 1000 + i, 1000 + i, 1 from n",
      "insert into run_documents (run, manifest, server, request, tenant_document, server_document) "
      "select id, 'old_digest_' || (created_at % 20 + 1), 's', '{}', '{}', '{}' from runs where id like 'old_%'",
      "insert into steps (run, step, id, state, wait_reason, due_at, attempt, attempts, in_flight, op, check_due, "
      "check_tries, blame, waited, called_at, first_started_at, started_at, completed_at, progress, message, "
      "failure_class, failure_code, failure_message, failure_action, failure_detail, output) " +
          numbers(3) +
          "select r.id, n.i - 1, 'step_' || (n.i - 1), 'completed', '', 0, 1, 1, 0, 'run', 0, 0, 0, 0, 1000, 1000, "
          "1000, 1000, 1000, '', " +
          text + ", '{}' from runs r cross join n where r.id like 'old_%'",
      "insert into attempts (run, step, number, epoch, op, outcome, failure_class, failure_code, failure_message, "
      "failure_action, failure_detail, started_at, ended_at) select run, step, 1, 1, 'run', 'done', " +
          text + ", 0, 1 from steps where run like 'old_%'",
      "insert into events (run, number, step, type, data, at) " + numbers(5) +
          "select r.id, n.i, 'step_0', 'step.completed', '{}', r.created_at from runs r cross join n "
          "where r.id like 'old_%' order by r.created_at, n.i",
      "insert into operations (id, tenant, run, verb, step, actor, reason, scope, created_at) "
      "select 'old_op_' || id, tenant, id, 'start', '', 'old_acc_1', '', '{}', created_at from runs "
      "where id like 'old_%'",
      "insert into tokens (hash, account, created_at, expires_at) " + numbers(5'000) +
          "select 'old_hash_' || i, 'old_acc_1', 0, 4000000000000 + i from n",
      "insert into idempotency_keys (account, key, body_hash, status, body, location, created_at) " + numbers(5'000) +
          "select 'old_acc_1', 'old_key_' || i, 'h', 202, '', '', i from n",
      "insert into commit_marks (writer, number) " + numbers(1'000) + "select 'old_writer_' || i, i from n",
      "insert into handed_commands (id, run, verb, step, actor, reason, forced, downstream, created_at) " +
          numbers(2'000) + "select 'old_cmd_' || i, 'old_run_' || i, 'cancel', '', '', '', 0, 0, i from n",
      "insert into batches (id, account, request, host, created_at, finished_at) " + numbers(2'000) +
          "select 'old_batch_' || i, 'old_acc_1', '{}', 'old_host', i, i from n",
      "insert into batch_items (batch, number, tenant, operation, state, code, message, next_action, at) " +
          numbers(5) +
          "select b.id, n.i, 'old_ten_1', 'old_op', 'done', '', '', '', 1 from batches b cross join n "
          "where b.id like 'old_%'",
      "insert into webhooks (id, position, host, boot, lease_until) values ('old_hook', 0, '', '', 0)",
      "insert into deliveries (webhook, event, state, attempts, due_at, created_at) "
      "select 'old_hook', id, case when id % 100 = 0 then 'waiting' else 'delivered' end, 1, 0, at from events "
      "where run like 'old_%' and number = 5",
      "insert into delivery_attempts (delivery, number, at, status, took, error) "
      "select id, 1, created_at, 200, 5, '' from deliveries where webhook = 'old_hook'",
  };
}

}  // namespace tenantry::test
