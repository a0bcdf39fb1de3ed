"""Runs commands of keys and credentials of aster-cli: keygen, trust, enroll, profile. The other commands need more packages.

    trust_commands.py enroll node --role consumer --name edge --root-key root.key
"""

import argparse
import sys

from aster_cli import enroll, keygen, profile, trust


def main():
    parser = argparse.ArgumentParser(prog="aster")
    commands = parser.add_subparsers(dest="command", required=True)
    enroll.register_enroll_subparser(commands)
    keygen.register_keygen_subparser(commands)
    profile.register_profile_subparser(commands)
    trust.register_trust_subparser(commands)
    args = parser.parse_args()
    run = {
        "enroll": enroll.run_enroll_command,
        "keygen": keygen.run_keygen_command,
        "profile": profile.run_profile_command,
        "trust": trust.run_trust_command,
    }
    return run[args.command](args)


sys.exit(main())
