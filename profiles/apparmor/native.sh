#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the AppArmor profile bulwark-untrusted-native: its neighbour, with the rules in force that are for native code
# in the workspace.
exec sed -e 's/bulwark-untrusted/&-native/g' -e 's/# native: //' "$(dirname "$0")/bulwark-untrusted"
