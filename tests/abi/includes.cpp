#include "includes.c"
