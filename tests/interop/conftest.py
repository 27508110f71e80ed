import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))


def pytest_addoption(parser):
    parser.addoption("--wire-server", help="the program wire_server of the build")
    parser.addoption("--kinds-peer", help="the program kinds_peer of the build")
