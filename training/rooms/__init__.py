"""Indoor rooms without a download: endless furnished ones, with exact depth, NYU40 labels and the camera's path.

`room.RoomConfig` is the recipe of a walk through one, `training.rendering.cache.cached_drive` keeps its frames on disk,
`training.data.datasets.rooms.RoomsData` trains on them. Meshes, renderer and cache are those of `training.rendering`.
"""
