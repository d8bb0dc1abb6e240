"""The shaders of the procedural worlds (GLSL 3.30).

Every kind of surface has its own variant: where a shader can never discard, hidden fragments cost nothing.
"""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """How a triangle is drawn, in the order of drawing: houses come first, for they hide most."""

    GLOSSY = 0
    MATTE = 1
    CUTOUT = 2
    DECAL = 3


def variant(source: str, kind: Kind) -> str:
    """A shader for one kind of surface."""
    return source.replace("#version 330", f"#version 330\n#define {kind.name}", 1)


VERTEX = """
#version 330
uniform mat4 model;
uniform mat4 view;         // world to optical camera frame
uniform mat4 projection;
uniform mat4 sun_view;     // world to shadow map, 0 to 1
uniform vec3 sun;          // towards it
uniform vec3 sun_light;
uniform vec3 sky_light;
uniform vec3 ground_light;
in vec3 in_position;
in vec4 in_normal;
in vec2 in_uv;
in vec4 in_colour;
in uvec4 in_material;
out vec3 world;
out vec3 normal;
out vec3 uv;
out vec3 shade;            // albedo times light from the sky
out vec3 sunshine;         // albedo times light from the sun
out vec3 in_sun;
out float gloss;
flat out float label;
void main() {
    vec4 position = model * vec4(in_position, 1.0);
    world = position.xyz;
    normal = normalize(mat3(model) * (in_normal.xyz * 255.0 - 128.0));
    uv = vec3(in_uv, float(in_material.x));
    float facing = max(dot(normal, sun), 0.0);
    vec3 albedo = in_colour.rgb * in_colour.rgb;
    shade = albedo * mix(ground_light, sky_light, 0.5 + 0.5 * normal.z);
#ifdef CUTOUT
    facing = 0.3 + 0.7 * facing;
#endif
    sunshine = albedo * sun_light * facing;
    gloss = in_colour.a;
    label = float(in_material.y);
    in_sun = (sun_view * position).xyz;
    gl_Position = projection * (view * position);
}
"""

SURFACE = """
#version 330
vec3 fade(vec3 x) { return 1.0 / (1.0 + x * (1.0 + x * (0.5 + x * 0.1666667))); }  // exp(-x), but cheaper
uniform sampler2DArray textures;
uniform sampler2DShadow shadow;
uniform vec3 eye;
uniform vec3 sun;
uniform vec3 sun_light;
uniform vec3 ground_light;
uniform vec3 zenith;
uniform vec3 horizon;
uniform float haze;        // per metre
uniform vec3 exposure;     // of red, green, blue
uniform float lod_bias;
in vec3 world;
in vec3 normal;
in vec3 uv;
in vec3 shade;
in vec3 sunshine;
in vec3 in_sun;
in float gloss;
flat in float label;
layout(location = 0) out vec4 pixel;
layout(location = 1) out float depth;
void main() {
    vec4 texel = texture(textures, uv, lod_bias);
#ifdef CUTOUT
    if (texel.a < 0.45) discard;
#endif
    vec3 edge = abs(in_sun - 0.5);
    float lit = max(edge.x, max(edge.y, edge.z)) < 0.5 ? texture(shadow, in_sun) : 1.0;
    vec3 radiance = texel.rgb * texel.rgb * (shade + sunshine * lit);
#ifdef GLOSSY
    vec3 ray = normalize(world - eye);
    vec3 n = normalize(normal);
    vec3 bounce = reflect(ray, n);
    float grazing = 1.0 - abs(dot(ray, n));
    float mirror = gloss * texel.a * (0.25 + 0.75 * grazing * grazing * grazing);
    vec3 mirrored = bounce.z > 0.0 ? mix(horizon, zenith, sqrt(bounce.z)) : ground_light * 0.4;
    float glint = pow(max(dot(bounce, sun), 0.0), 60.0) * lit;
    radiance = mix(radiance, mirrored, mirror) + sun_light * (glint * gloss * texel.a);
#endif
    radiance = mix(horizon, radiance, fade(vec3(haze / gl_FragCoord.w)));
    pixel = vec4(sqrt(1.0 - fade(exposure * radiance)), label / 255.0);
#ifdef DECAL
    pixel.a = texel.a * gloss;
#endif
    depth = 1.0 / gl_FragCoord.w;
}
"""

SHADOW = """
#version 330
uniform sampler2DArray textures;
in vec3 uv;
void main() {
#ifdef CUTOUT
    if (texture(textures, uv).a < 0.45) discard;
#endif
}
"""

SKY_VERTEX = """
#version 330
uniform vec4 corner_rays;  // x and y of the optical rays through the image's edges: left, right, top, bottom
uniform mat3 to_world;
out vec3 direction;
void main() {
    vec2 corner = vec2(float((gl_VertexID & 1) * 4), float((gl_VertexID & 2) * 2)) - 1.0;
    vec2 share = corner * 0.5 + 0.5;
    vec2 ray = mix(corner_rays.xz, corner_rays.yw, share);
    direction = to_world * vec3(ray, 1.0);
    gl_Position = vec4(corner, 1.0, 1.0);
}
"""

SKY = """
#version 330
vec3 fade(vec3 x) { return 1.0 / (1.0 + x * (1.0 + x * (0.5 + x * 0.1666667))); }  // exp(-x), but cheaper
uniform sampler2DArray textures;
uniform vec3 sun;
uniform vec3 sun_light;
uniform vec3 zenith;
uniform vec3 horizon;
uniform vec3 cloud_light;
uniform float cloudiness;  // 0 clear, 1 overcast
uniform float cloud_layer;
uniform vec3 exposure;     // of red, green, blue
uniform float sky_label;
in vec3 direction;
layout(location = 0) out vec4 pixel;
layout(location = 1) out float depth;
void main() {
    vec3 d = normalize(direction);
    float up = max(d.z, 0.0);
    vec3 radiance = mix(horizon, zenith, pow(up, 0.45));
    float glow = max(dot(d, sun), 0.0);
    radiance += sun_light * (0.05 * pow(glow, 8.0) + 0.8 * pow(glow, 400.0)) * (1.0 - 0.8 * cloudiness);
    if (cloudiness > 0.0 && d.z > 0.015) {
        float density = texture(textures, vec3(d.xy / (d.z + 0.12) * 0.16, cloud_layer)).r;
        float cover = smoothstep(0.78 - 0.7 * cloudiness, 1.1 - 0.6 * cloudiness, density);
        cover *= smoothstep(0.015, 0.12, d.z);
        radiance = mix(radiance, cloud_light * (1.15 - 0.5 * density), cover);
    }
    pixel = vec4(sqrt(1.0 - fade(exposure * radiance)), sky_label / 255.0);
    depth = uintBitsToFloat(0x7F800000u);  // infinity
}
"""
