// What every store promises, as checks that any backend must pass. Include it once per backend, from a .test.cpp that
// defines
//   STORE_BACKEND        a class: default-constructed with an empty database; `Store& store()`; `void reopen()` ends
//                        the store as an orderly stop does and opens it again; `void reopen(ManifestReader)`
//   STORE_BACKEND_NAME   a literal that begins the name of each check
#pragma once
#include "store/contract/events.hpp"
#include "store/contract/handed.hpp"
#include "store/contract/operations.hpp"
#include "store/contract/ownership.hpp"
#include "store/contract/repin.hpp"
#include "store/contract/requests.hpp"
#include "store/contract/retention.hpp"
#include "store/contract/tenants.hpp"
#include "store/contract/values.hpp"
#include "store/contract/writes.hpp"
