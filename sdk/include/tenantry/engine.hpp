// Everything an engine needs: #include <tenantry/engine.hpp>, describe the structs, write one member function per step,
// name the edges in define(), and end the file with TENANTRY_ENGINE(MyEngine). Child processes and HTTP are in
// <tenantry/process.hpp> and <tenantry/http.hpp>; <tenantry/testing/fake_host.hpp> runs steps in a unit test.
#pragma once
#include <tenantry/context.hpp>
#include <tenantry/entry.hpp>
#include <tenantry/graph.hpp>
#include <tenantry/json.hpp>
#include <tenantry/result.hpp>
#include <tenantry/schema.hpp>
