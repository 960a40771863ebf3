"""Kernels that several programs start at the same time, on ports that another may take first."""

import os
import tempfile

import kernels
import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

ASKED = "from ipykernel.kernelapp import IPKernelApp; print(IPKernelApp.instance().transport)"
posix = pytest.mark.skipif(os.name != "posix", reason="sockets are no files on this system")


def transport(settings):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(ASKED)])
    NotebookClient(notebook, kernel_name="python3", timeout=60, config=settings).execute()
    return notebook.cells[0].outputs[0].text.strip()


@posix
def test_a_kernel_takes_no_port_that_another_program_could_take_first(monkeypatch):
    def no_port(*_):
        raise AssertionError("a port was looked for")

    monkeypatch.setattr("jupyter_client.connect.socket.socket.bind", no_port, raising=False)
    assert transport(kernels.settings()) == "ipc"


@posix
def test_its_sockets_leave_no_files():
    folder = tempfile.mkdtemp(dir="/tmp")
    assert transport(kernels.settings(folder)) == "ipc"
    os.rmdir(folder)


@posix
def test_the_next_kernel_has_files_of_its_own():
    first, second = (kernels.settings().KernelManager.ip for _ in range(2))
    assert first != second
    assert os.path.isabs(first)  # a kernel works in another folder than the program that starts it


def test_where_a_folder_has_a_long_name_ports_are_used_as_ever():
    assert kernels.settings("/" + "a" * 200) == {}
    assert KernelManager(config=kernels.settings("/" + "é" * 40)).transport == "tcp"
