"""The train ids of Cityscapes (Cordts et al., CVPR 2016); the street world has most of these classes."""

from __future__ import annotations

ROAD = 0
SIDEWALK = 1
BUILDING = 2
WALL = 3
FENCE = 4
POLE = 5
TRAFFIC_LIGHT = 6
TRAFFIC_SIGN = 7
VEGETATION = 8
TERRAIN = 9
SKY = 10
PERSON = 11
RIDER = 12
CAR = 13
TRUCK = 14
BUS = 15
TRAIN = 16
MOTORCYCLE = 17
BICYCLE = 18
NONE = 255

COLOURS: dict[int, tuple[int, int, int]] = {
    ROAD: (128, 64, 128),
    SIDEWALK: (244, 35, 232),
    BUILDING: (70, 70, 70),
    WALL: (102, 102, 156),
    FENCE: (190, 153, 153),
    POLE: (153, 153, 153),
    TRAFFIC_LIGHT: (250, 170, 30),
    TRAFFIC_SIGN: (220, 220, 0),
    VEGETATION: (107, 142, 35),
    TERRAIN: (152, 251, 152),
    SKY: (70, 130, 180),
    PERSON: (220, 20, 60),
    RIDER: (255, 0, 0),
    CAR: (0, 0, 142),
    TRUCK: (0, 0, 70),
    BUS: (0, 60, 100),
    TRAIN: (0, 80, 100),
    MOTORCYCLE: (0, 0, 230),
    BICYCLE: (119, 11, 32),
    NONE: (0, 0, 0),
}
"""The palette Cityscapes paints its classes with, RGB."""
