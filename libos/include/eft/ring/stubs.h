// What the generated stubs of a service with ring calls include.
#pragma once

#include <eft/ring/client.h>
#include <eft/ring/server.h>
