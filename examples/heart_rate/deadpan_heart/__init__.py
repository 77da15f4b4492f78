"""Heartbeats in, how far this person's heart is from its usual beat out: a fourth modality for deadpan."""

from agent.plug_ins.declaration import PlugIn

from .encoder import HEART_DIMS, HeartEncoder
from .file import HeartFile
from .strap import Strap

PLUG_IN = PlugIn(dim=len(HEART_DIMS), encoder=HeartEncoder, read=HeartFile, live=Strap, idle_s=5.0, names=HEART_DIMS)
