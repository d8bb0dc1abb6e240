"""A procedural driving world: pictures with exact metric depth, classes, poses and speed, from nothing but a seed.

`drive.render_drive` gives the frames of a drive, `training.rendering.cache.cached_drive` keeps them on disk,
`bag.write_bag` records them for ROS 2, ``python -m training street`` does so from a shell. From the ground up:
`textures` and `facades` are what things wear; `cars`, `plants`, `furniture` and `buildings` are things; `road` and
`ground` what they stand on; `town` and `highway` put them together, `world` moves the traffic, `weather` lights it;
`training.rendering` draws.
"""
