import * as $protobuf from "protobufjs";

/** Namespace basekv. */
export namespace basekv {

    /** Namespace v1. */
    namespace v1 {

        /**
         * Properties of a GossipProbeRequest.
         * @deprecated Use basekv.v1.GossipProbeRequest.$Properties instead.
         */
        interface IGossipProbeRequest extends basekv.v1.GossipProbeRequest.$Properties {
        }

        /** Represents a GossipProbeRequest. */
        class GossipProbeRequest {

            /**
             * Constructs a new GossipProbeRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.GossipProbeRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /**
             * Encodes the specified GossipProbeRequest message. Does not implicitly {@link basekv.v1.GossipProbeRequest.verify|verify} messages.
             * @param message GossipProbeRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.GossipProbeRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GossipProbeRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.GossipProbeRequest & basekv.v1.GossipProbeRequest.$Shape} GossipProbeRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.GossipProbeRequest & basekv.v1.GossipProbeRequest.$Shape;
        }

        namespace GossipProbeRequest {

            /** Properties of a GossipProbeRequest. */
            interface $Properties {

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a GossipProbeRequest. */
            type $Shape = basekv.v1.GossipProbeRequest.$Properties;
        }

        /**
         * Properties of a GossipProbeReply.
         * @deprecated Use basekv.v1.GossipProbeReply.$Properties instead.
         */
        interface IGossipProbeReply extends basekv.v1.GossipProbeReply.$Properties {
        }

        /** Represents a GossipProbeReply. */
        class GossipProbeReply {

            /**
             * Constructs a new GossipProbeReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.GossipProbeReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** GossipProbeReply hostId. */
            hostId: string;

            /**
             * Encodes the specified GossipProbeReply message. Does not implicitly {@link basekv.v1.GossipProbeReply.verify|verify} messages.
             * @param message GossipProbeReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.GossipProbeReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GossipProbeReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.GossipProbeReply & basekv.v1.GossipProbeReply.$Shape} GossipProbeReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.GossipProbeReply & basekv.v1.GossipProbeReply.$Shape;
        }

        namespace GossipProbeReply {

            /** Properties of a GossipProbeReply. */
            interface $Properties {

                /** GossipProbeReply hostId */
                hostId?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a GossipProbeReply. */
            type $Shape = basekv.v1.GossipProbeReply.$Properties;
        }

        /**
         * Properties of a GossipSyncRequest.
         * @deprecated Use basekv.v1.GossipSyncRequest.$Properties instead.
         */
        interface IGossipSyncRequest extends basekv.v1.GossipSyncRequest.$Properties {
        }

        /** Represents a GossipSyncRequest. */
        class GossipSyncRequest {

            /**
             * Constructs a new GossipSyncRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.GossipSyncRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** GossipSyncRequest table. */
            table: Uint8Array;

            /**
             * Encodes the specified GossipSyncRequest message. Does not implicitly {@link basekv.v1.GossipSyncRequest.verify|verify} messages.
             * @param message GossipSyncRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.GossipSyncRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GossipSyncRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.GossipSyncRequest & basekv.v1.GossipSyncRequest.$Shape} GossipSyncRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.GossipSyncRequest & basekv.v1.GossipSyncRequest.$Shape;
        }

        namespace GossipSyncRequest {

            /** Properties of a GossipSyncRequest. */
            interface $Properties {

                /** GossipSyncRequest table */
                table?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a GossipSyncRequest. */
            type $Shape = basekv.v1.GossipSyncRequest.$Properties;
        }

        /**
         * Properties of a GossipSyncReply.
         * @deprecated Use basekv.v1.GossipSyncReply.$Properties instead.
         */
        interface IGossipSyncReply extends basekv.v1.GossipSyncReply.$Properties {
        }

        /** Represents a GossipSyncReply. */
        class GossipSyncReply {

            /**
             * Constructs a new GossipSyncReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.GossipSyncReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** GossipSyncReply table. */
            table: Uint8Array;

            /** GossipSyncReply refused. */
            refused: string;

            /**
             * Encodes the specified GossipSyncReply message. Does not implicitly {@link basekv.v1.GossipSyncReply.verify|verify} messages.
             * @param message GossipSyncReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.GossipSyncReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GossipSyncReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.GossipSyncReply & basekv.v1.GossipSyncReply.$Shape} GossipSyncReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.GossipSyncReply & basekv.v1.GossipSyncReply.$Shape;
        }

        namespace GossipSyncReply {

            /** Properties of a GossipSyncReply. */
            interface $Properties {

                /** GossipSyncReply table */
                table?: (Uint8Array|null);

                /** GossipSyncReply refused */
                refused?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a GossipSyncReply. */
            type $Shape = basekv.v1.GossipSyncReply.$Properties;
        }

        /**
         * Properties of a GossipDeliverRequest.
         * @deprecated Use basekv.v1.GossipDeliverRequest.$Properties instead.
         */
        interface IGossipDeliverRequest extends basekv.v1.GossipDeliverRequest.$Properties {
        }

        /** Represents a GossipDeliverRequest. */
        class GossipDeliverRequest {

            /**
             * Constructs a new GossipDeliverRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.GossipDeliverRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** GossipDeliverRequest from. */
            from: string;

            /** GossipDeliverRequest message. */
            message: Uint8Array;

            /**
             * Encodes the specified GossipDeliverRequest message. Does not implicitly {@link basekv.v1.GossipDeliverRequest.verify|verify} messages.
             * @param message GossipDeliverRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.GossipDeliverRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GossipDeliverRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.GossipDeliverRequest & basekv.v1.GossipDeliverRequest.$Shape} GossipDeliverRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.GossipDeliverRequest & basekv.v1.GossipDeliverRequest.$Shape;
        }

        namespace GossipDeliverRequest {

            /** Properties of a GossipDeliverRequest. */
            interface $Properties {

                /** GossipDeliverRequest from */
                from?: (string|null);

                /** GossipDeliverRequest message */
                message?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a GossipDeliverRequest. */
            type $Shape = basekv.v1.GossipDeliverRequest.$Properties;
        }

        /**
         * Properties of a GossipDeliverReply.
         * @deprecated Use basekv.v1.GossipDeliverReply.$Properties instead.
         */
        interface IGossipDeliverReply extends basekv.v1.GossipDeliverReply.$Properties {
        }

        /** Represents a GossipDeliverReply. */
        class GossipDeliverReply {

            /**
             * Constructs a new GossipDeliverReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.GossipDeliverReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /**
             * Encodes the specified GossipDeliverReply message. Does not implicitly {@link basekv.v1.GossipDeliverReply.verify|verify} messages.
             * @param message GossipDeliverReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.GossipDeliverReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GossipDeliverReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.GossipDeliverReply & basekv.v1.GossipDeliverReply.$Shape} GossipDeliverReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.GossipDeliverReply & basekv.v1.GossipDeliverReply.$Shape;
        }

        namespace GossipDeliverReply {

            /** Properties of a GossipDeliverReply. */
            interface $Properties {

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a GossipDeliverReply. */
            type $Shape = basekv.v1.GossipDeliverReply.$Properties;
        }

        /**
         * Properties of a PutRequest.
         * @deprecated Use basekv.v1.PutRequest.$Properties instead.
         */
        interface IPutRequest extends basekv.v1.PutRequest.$Properties {
        }

        /** Represents a PutRequest. */
        class PutRequest {

            /**
             * Constructs a new PutRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.PutRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PutRequest key. */
            key: Uint8Array;

            /** PutRequest value. */
            value: Uint8Array;

            /**
             * Encodes the specified PutRequest message. Does not implicitly {@link basekv.v1.PutRequest.verify|verify} messages.
             * @param message PutRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.PutRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PutRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.PutRequest & basekv.v1.PutRequest.$Shape} PutRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.PutRequest & basekv.v1.PutRequest.$Shape;
        }

        namespace PutRequest {

            /** Properties of a PutRequest. */
            interface $Properties {

                /** PutRequest key */
                key?: (Uint8Array|null);

                /** PutRequest value */
                value?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PutRequest. */
            type $Shape = basekv.v1.PutRequest.$Properties;
        }

        /**
         * Properties of a PutReply.
         * @deprecated Use basekv.v1.PutReply.$Properties instead.
         */
        interface IPutReply extends basekv.v1.PutReply.$Properties {
        }

        /** Represents a PutReply. */
        class PutReply {

            /**
             * Constructs a new PutReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.PutReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /**
             * Encodes the specified PutReply message. Does not implicitly {@link basekv.v1.PutReply.verify|verify} messages.
             * @param message PutReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.PutReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PutReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.PutReply & basekv.v1.PutReply.$Shape} PutReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.PutReply & basekv.v1.PutReply.$Shape;
        }

        namespace PutReply {

            /** Properties of a PutReply. */
            interface $Properties {

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PutReply. */
            type $Shape = basekv.v1.PutReply.$Properties;
        }

        /** Consistency enum. */
        enum Consistency {

            /** LINEARIZABLE value */
            LINEARIZABLE = 0,

            /** LEASE value */
            LEASE = 1,

            /** STALE value */
            STALE = 2
        }

        /**
         * Properties of a GetRequest.
         * @deprecated Use basekv.v1.GetRequest.$Properties instead.
         */
        interface IGetRequest extends basekv.v1.GetRequest.$Properties {
        }

        /** Represents a GetRequest. */
        class GetRequest {

            /**
             * Constructs a new GetRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.GetRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** GetRequest key. */
            key: Uint8Array;

            /** GetRequest consistency. */
            consistency: basekv.v1.Consistency;

            /**
             * Encodes the specified GetRequest message. Does not implicitly {@link basekv.v1.GetRequest.verify|verify} messages.
             * @param message GetRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.GetRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GetRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.GetRequest & basekv.v1.GetRequest.$Shape} GetRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.GetRequest & basekv.v1.GetRequest.$Shape;
        }

        namespace GetRequest {

            /** Properties of a GetRequest. */
            interface $Properties {

                /** GetRequest key */
                key?: (Uint8Array|null);

                /** GetRequest consistency */
                consistency?: (basekv.v1.Consistency|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a GetRequest. */
            type $Shape = basekv.v1.GetRequest.$Properties;
        }

        /**
         * Properties of a GetReply.
         * @deprecated Use basekv.v1.GetReply.$Properties instead.
         */
        interface IGetReply extends basekv.v1.GetReply.$Properties {
        }

        /** Represents a GetReply. */
        class GetReply {

            /**
             * Constructs a new GetReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.GetReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** GetReply value. */
            value?: (Uint8Array|null);

            /**
             * Encodes the specified GetReply message. Does not implicitly {@link basekv.v1.GetReply.verify|verify} messages.
             * @param message GetReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.GetReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GetReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.GetReply & basekv.v1.GetReply.$Shape} GetReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.GetReply & basekv.v1.GetReply.$Shape;
        }

        namespace GetReply {

            /** Properties of a GetReply. */
            interface $Properties {

                /** GetReply value */
                value?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a GetReply. */
            type $Shape = basekv.v1.GetReply.$Properties;
        }

        /**
         * Properties of a DeleteRequest.
         * @deprecated Use basekv.v1.DeleteRequest.$Properties instead.
         */
        interface IDeleteRequest extends basekv.v1.DeleteRequest.$Properties {
        }

        /** Represents a DeleteRequest. */
        class DeleteRequest {

            /**
             * Constructs a new DeleteRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.DeleteRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** DeleteRequest key. */
            key: Uint8Array;

            /**
             * Encodes the specified DeleteRequest message. Does not implicitly {@link basekv.v1.DeleteRequest.verify|verify} messages.
             * @param message DeleteRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.DeleteRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DeleteRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.DeleteRequest & basekv.v1.DeleteRequest.$Shape} DeleteRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.DeleteRequest & basekv.v1.DeleteRequest.$Shape;
        }

        namespace DeleteRequest {

            /** Properties of a DeleteRequest. */
            interface $Properties {

                /** DeleteRequest key */
                key?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DeleteRequest. */
            type $Shape = basekv.v1.DeleteRequest.$Properties;
        }

        /**
         * Properties of a DeleteReply.
         * @deprecated Use basekv.v1.DeleteReply.$Properties instead.
         */
        interface IDeleteReply extends basekv.v1.DeleteReply.$Properties {
        }

        /** Represents a DeleteReply. */
        class DeleteReply {

            /**
             * Constructs a new DeleteReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.DeleteReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /**
             * Encodes the specified DeleteReply message. Does not implicitly {@link basekv.v1.DeleteReply.verify|verify} messages.
             * @param message DeleteReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.DeleteReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DeleteReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.DeleteReply & basekv.v1.DeleteReply.$Shape} DeleteReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.DeleteReply & basekv.v1.DeleteReply.$Shape;
        }

        namespace DeleteReply {

            /** Properties of a DeleteReply. */
            interface $Properties {

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DeleteReply. */
            type $Shape = basekv.v1.DeleteReply.$Properties;
        }

        /**
         * Properties of a CompareAndSetRequest.
         * @deprecated Use basekv.v1.CompareAndSetRequest.$Properties instead.
         */
        interface ICompareAndSetRequest extends basekv.v1.CompareAndSetRequest.$Properties {
        }

        /** Represents a CompareAndSetRequest. */
        class CompareAndSetRequest {

            /**
             * Constructs a new CompareAndSetRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.CompareAndSetRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** CompareAndSetRequest key. */
            key: Uint8Array;

            /** CompareAndSetRequest expect. */
            expect?: (Uint8Array|null);

            /** CompareAndSetRequest value. */
            value: Uint8Array;

            /**
             * Encodes the specified CompareAndSetRequest message. Does not implicitly {@link basekv.v1.CompareAndSetRequest.verify|verify} messages.
             * @param message CompareAndSetRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.CompareAndSetRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a CompareAndSetRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.CompareAndSetRequest & basekv.v1.CompareAndSetRequest.$Shape} CompareAndSetRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.CompareAndSetRequest & basekv.v1.CompareAndSetRequest.$Shape;
        }

        namespace CompareAndSetRequest {

            /** Properties of a CompareAndSetRequest. */
            interface $Properties {

                /** CompareAndSetRequest key */
                key?: (Uint8Array|null);

                /** CompareAndSetRequest expect */
                expect?: (Uint8Array|null);

                /** CompareAndSetRequest value */
                value?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a CompareAndSetRequest. */
            type $Shape = basekv.v1.CompareAndSetRequest.$Properties;
        }

        /**
         * Properties of a CompareAndSetReply.
         * @deprecated Use basekv.v1.CompareAndSetReply.$Properties instead.
         */
        interface ICompareAndSetReply extends basekv.v1.CompareAndSetReply.$Properties {
        }

        /** Represents a CompareAndSetReply. */
        class CompareAndSetReply {

            /**
             * Constructs a new CompareAndSetReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.CompareAndSetReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** CompareAndSetReply succeeded. */
            succeeded: boolean;

            /** CompareAndSetReply current. */
            current?: (Uint8Array|null);

            /**
             * Encodes the specified CompareAndSetReply message. Does not implicitly {@link basekv.v1.CompareAndSetReply.verify|verify} messages.
             * @param message CompareAndSetReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.CompareAndSetReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a CompareAndSetReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.CompareAndSetReply & basekv.v1.CompareAndSetReply.$Shape} CompareAndSetReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.CompareAndSetReply & basekv.v1.CompareAndSetReply.$Shape;
        }

        namespace CompareAndSetReply {

            /** Properties of a CompareAndSetReply. */
            interface $Properties {

                /** CompareAndSetReply succeeded */
                succeeded?: (boolean|null);

                /** CompareAndSetReply current */
                current?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a CompareAndSetReply. */
            type $Shape = basekv.v1.CompareAndSetReply.$Properties;
        }

        /**
         * Properties of a BatchRequest.
         * @deprecated Use basekv.v1.BatchRequest.$Properties instead.
         */
        interface IBatchRequest extends basekv.v1.BatchRequest.$Properties {
        }

        /** Represents a BatchRequest. */
        class BatchRequest {

            /**
             * Constructs a new BatchRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.BatchRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** BatchRequest ops. */
            ops: basekv.v1.BatchOp.$Properties[];

            /**
             * Encodes the specified BatchRequest message. Does not implicitly {@link basekv.v1.BatchRequest.verify|verify} messages.
             * @param message BatchRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.BatchRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a BatchRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.BatchRequest & basekv.v1.BatchRequest.$Shape} BatchRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.BatchRequest & basekv.v1.BatchRequest.$Shape;
        }

        namespace BatchRequest {

            /** Properties of a BatchRequest. */
            interface $Properties {

                /** BatchRequest ops */
                ops?: (basekv.v1.BatchOp.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a BatchRequest. */
            type $Shape = {
              ops?: basekv.v1.BatchOp.$Shape[]|null;
              $unknowns?: Uint8Array[];
            };
        }

        /**
         * Properties of a BatchOp.
         * @deprecated Use basekv.v1.BatchOp.$Properties instead.
         */
        interface IBatchOp extends basekv.v1.BatchOp.$Properties {
        }

        /** Represents a BatchOp. */
        class BatchOp {

            /**
             * Constructs a new BatchOp.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.BatchOp.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** BatchOp put. */
            put?: (basekv.v1.PutRequest.$Properties|null);

            /** BatchOp delete. */
            delete?: (basekv.v1.DeleteRequest.$Properties|null);

            /** BatchOp op. */
            op?: ("put"|"delete");

            /**
             * Encodes the specified BatchOp message. Does not implicitly {@link basekv.v1.BatchOp.verify|verify} messages.
             * @param message BatchOp message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.BatchOp.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a BatchOp message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.BatchOp & basekv.v1.BatchOp.$Shape} BatchOp
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.BatchOp & basekv.v1.BatchOp.$Shape;
        }

        namespace BatchOp {

            /** Properties of a BatchOp. */
            interface $Properties {

                /** BatchOp put */
                put?: (basekv.v1.PutRequest.$Properties|null);

                /** BatchOp delete */
                "delete"?: (basekv.v1.DeleteRequest.$Properties|null);

                /** BatchOp op */
                op?: ("put"|"delete");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of a BatchOp. */
            type $Shape = {
              put?: basekv.v1.PutRequest.$Shape|null;
              "delete"?: basekv.v1.DeleteRequest.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ op?: undefined; put?: null; "delete"?: null }|{ op?: "put"; put: basekv.v1.PutRequest.$Shape; "delete"?: null }|{ op?: "delete"; put?: null; "delete": basekv.v1.DeleteRequest.$Shape })
            );
        }

        /**
         * Properties of a BatchReply.
         * @deprecated Use basekv.v1.BatchReply.$Properties instead.
         */
        interface IBatchReply extends basekv.v1.BatchReply.$Properties {
        }

        /** Represents a BatchReply. */
        class BatchReply {

            /**
             * Constructs a new BatchReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.BatchReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /**
             * Encodes the specified BatchReply message. Does not implicitly {@link basekv.v1.BatchReply.verify|verify} messages.
             * @param message BatchReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.BatchReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a BatchReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.BatchReply & basekv.v1.BatchReply.$Shape} BatchReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.BatchReply & basekv.v1.BatchReply.$Shape;
        }

        namespace BatchReply {

            /** Properties of a BatchReply. */
            interface $Properties {

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a BatchReply. */
            type $Shape = basekv.v1.BatchReply.$Properties;
        }

        /**
         * Properties of a ScanRequest.
         * @deprecated Use basekv.v1.ScanRequest.$Properties instead.
         */
        interface IScanRequest extends basekv.v1.ScanRequest.$Properties {
        }

        /** Represents a ScanRequest. */
        class ScanRequest {

            /**
             * Constructs a new ScanRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.ScanRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ScanRequest start. */
            start?: (Uint8Array|null);

            /** ScanRequest end. */
            end?: (Uint8Array|null);

            /** ScanRequest limit. */
            limit: number;

            /** ScanRequest keysOnly. */
            keysOnly: boolean;

            /** ScanRequest consistency. */
            consistency: basekv.v1.Consistency;

            /**
             * Encodes the specified ScanRequest message. Does not implicitly {@link basekv.v1.ScanRequest.verify|verify} messages.
             * @param message ScanRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.ScanRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ScanRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.ScanRequest & basekv.v1.ScanRequest.$Shape} ScanRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.ScanRequest & basekv.v1.ScanRequest.$Shape;
        }

        namespace ScanRequest {

            /** Properties of a ScanRequest. */
            interface $Properties {

                /** ScanRequest start */
                start?: (Uint8Array|null);

                /** ScanRequest end */
                end?: (Uint8Array|null);

                /** ScanRequest limit */
                limit?: (number|null);

                /** ScanRequest keysOnly */
                keysOnly?: (boolean|null);

                /** ScanRequest consistency */
                consistency?: (basekv.v1.Consistency|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ScanRequest. */
            type $Shape = basekv.v1.ScanRequest.$Properties;
        }

        /**
         * Properties of a ScanPage.
         * @deprecated Use basekv.v1.ScanPage.$Properties instead.
         */
        interface IScanPage extends basekv.v1.ScanPage.$Properties {
        }

        /** Represents a ScanPage. */
        class ScanPage {

            /**
             * Constructs a new ScanPage.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.ScanPage.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ScanPage items. */
            items: basekv.v1.KeyValue.$Properties[];

            /** ScanPage next. */
            next?: (Uint8Array|null);

            /**
             * Encodes the specified ScanPage message. Does not implicitly {@link basekv.v1.ScanPage.verify|verify} messages.
             * @param message ScanPage message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.ScanPage.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ScanPage message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.ScanPage & basekv.v1.ScanPage.$Shape} ScanPage
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.ScanPage & basekv.v1.ScanPage.$Shape;
        }

        namespace ScanPage {

            /** Properties of a ScanPage. */
            interface $Properties {

                /** ScanPage items */
                items?: (basekv.v1.KeyValue.$Properties[]|null);

                /** ScanPage next */
                next?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ScanPage. */
            type $Shape = basekv.v1.ScanPage.$Properties;
        }

        /**
         * Properties of a KeyValue.
         * @deprecated Use basekv.v1.KeyValue.$Properties instead.
         */
        interface IKeyValue extends basekv.v1.KeyValue.$Properties {
        }

        /** Represents a KeyValue. */
        class KeyValue {

            /**
             * Constructs a new KeyValue.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.KeyValue.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** KeyValue key. */
            key: Uint8Array;

            /** KeyValue value. */
            value: Uint8Array;

            /**
             * Encodes the specified KeyValue message. Does not implicitly {@link basekv.v1.KeyValue.verify|verify} messages.
             * @param message KeyValue message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.KeyValue.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a KeyValue message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.KeyValue & basekv.v1.KeyValue.$Shape} KeyValue
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.KeyValue & basekv.v1.KeyValue.$Shape;
        }

        namespace KeyValue {

            /** Properties of a KeyValue. */
            interface $Properties {

                /** KeyValue key */
                key?: (Uint8Array|null);

                /** KeyValue value */
                value?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a KeyValue. */
            type $Shape = basekv.v1.KeyValue.$Properties;
        }

        /**
         * Properties of a PipelineRequest.
         * @deprecated Use basekv.v1.PipelineRequest.$Properties instead.
         */
        interface IPipelineRequest extends basekv.v1.PipelineRequest.$Properties {
        }

        /** Represents a PipelineRequest. */
        class PipelineRequest {

            /**
             * Constructs a new PipelineRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.PipelineRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PipelineRequest ops. */
            ops: basekv.v1.PipelineOp.$Properties[];

            /**
             * Encodes the specified PipelineRequest message. Does not implicitly {@link basekv.v1.PipelineRequest.verify|verify} messages.
             * @param message PipelineRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.PipelineRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PipelineRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.PipelineRequest & basekv.v1.PipelineRequest.$Shape} PipelineRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.PipelineRequest & basekv.v1.PipelineRequest.$Shape;
        }

        namespace PipelineRequest {

            /** Properties of a PipelineRequest. */
            interface $Properties {

                /** PipelineRequest ops */
                ops?: (basekv.v1.PipelineOp.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PipelineRequest. */
            type $Shape = {
              ops?: basekv.v1.PipelineOp.$Shape[]|null;
              $unknowns?: Uint8Array[];
            };
        }

        /**
         * Properties of a PipelineOp.
         * @deprecated Use basekv.v1.PipelineOp.$Properties instead.
         */
        interface IPipelineOp extends basekv.v1.PipelineOp.$Properties {
        }

        /** Represents a PipelineOp. */
        class PipelineOp {

            /**
             * Constructs a new PipelineOp.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.PipelineOp.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PipelineOp id. */
            id: number;

            /** PipelineOp put. */
            put?: (basekv.v1.PutRequest.$Properties|null);

            /** PipelineOp get. */
            get?: (basekv.v1.GetRequest.$Properties|null);

            /** PipelineOp delete. */
            delete?: (basekv.v1.DeleteRequest.$Properties|null);

            /** PipelineOp compareAndSet. */
            compareAndSet?: (basekv.v1.CompareAndSetRequest.$Properties|null);

            /** PipelineOp batch. */
            batch?: (basekv.v1.BatchRequest.$Properties|null);

            /** PipelineOp scan. */
            scan?: (basekv.v1.ScanRequest.$Properties|null);

            /** PipelineOp sequence. */
            sequence: number;

            /** PipelineOp seen. */
            seen: number;

            /** PipelineOp retry. */
            retry: boolean;

            /** PipelineOp op. */
            op?: ("put"|"get"|"delete"|"compareAndSet"|"batch"|"scan");

            /**
             * Encodes the specified PipelineOp message. Does not implicitly {@link basekv.v1.PipelineOp.verify|verify} messages.
             * @param message PipelineOp message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.PipelineOp.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PipelineOp message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.PipelineOp & basekv.v1.PipelineOp.$Shape} PipelineOp
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.PipelineOp & basekv.v1.PipelineOp.$Shape;
        }

        namespace PipelineOp {

            /** Properties of a PipelineOp. */
            interface $Properties {

                /** PipelineOp id */
                id?: (number|null);

                /** PipelineOp put */
                put?: (basekv.v1.PutRequest.$Properties|null);

                /** PipelineOp get */
                get?: (basekv.v1.GetRequest.$Properties|null);

                /** PipelineOp delete */
                "delete"?: (basekv.v1.DeleteRequest.$Properties|null);

                /** PipelineOp compareAndSet */
                compareAndSet?: (basekv.v1.CompareAndSetRequest.$Properties|null);

                /** PipelineOp batch */
                batch?: (basekv.v1.BatchRequest.$Properties|null);

                /** PipelineOp scan */
                scan?: (basekv.v1.ScanRequest.$Properties|null);

                /** PipelineOp sequence */
                sequence?: (number|null);

                /** PipelineOp seen */
                seen?: (number|null);

                /** PipelineOp retry */
                retry?: (boolean|null);

                /** PipelineOp op */
                op?: ("put"|"get"|"delete"|"compareAndSet"|"batch"|"scan");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of a PipelineOp. */
            type $Shape = {
              id?: number|null;
              put?: basekv.v1.PutRequest.$Shape|null;
              get?: basekv.v1.GetRequest.$Shape|null;
              "delete"?: basekv.v1.DeleteRequest.$Shape|null;
              compareAndSet?: basekv.v1.CompareAndSetRequest.$Shape|null;
              batch?: basekv.v1.BatchRequest.$Shape|null;
              scan?: basekv.v1.ScanRequest.$Shape|null;
              sequence?: number|null;
              seen?: number|null;
              retry?: boolean|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ op?: undefined; put?: null; get?: null; "delete"?: null; compareAndSet?: null; batch?: null; scan?: null }|{ op?: "put"; put: basekv.v1.PutRequest.$Shape; get?: null; "delete"?: null; compareAndSet?: null; batch?: null; scan?: null }|{ op?: "get"; put?: null; get: basekv.v1.GetRequest.$Shape; "delete"?: null; compareAndSet?: null; batch?: null; scan?: null }|{ op?: "delete"; put?: null; get?: null; "delete": basekv.v1.DeleteRequest.$Shape; compareAndSet?: null; batch?: null; scan?: null }|{ op?: "compareAndSet"; put?: null; get?: null; "delete"?: null; compareAndSet: basekv.v1.CompareAndSetRequest.$Shape; batch?: null; scan?: null }|{ op?: "batch"; put?: null; get?: null; "delete"?: null; compareAndSet?: null; batch: basekv.v1.BatchRequest.$Shape; scan?: null }|{ op?: "scan"; put?: null; get?: null; "delete"?: null; compareAndSet?: null; batch?: null; scan: basekv.v1.ScanRequest.$Shape })
            );
        }

        /** ReplyCode enum. */
        enum ReplyCode {

            /** OK value */
            OK = 0,

            /** BAD_VERSION value */
            BAD_VERSION = 1,

            /** TRY_LATER value */
            TRY_LATER = 2,

            /** BAD_REQUEST value */
            BAD_REQUEST = 3,

            /** INTERNAL_ERROR value */
            INTERNAL_ERROR = 4,

            /** OUTCOME_UNKNOWN value */
            OUTCOME_UNKNOWN = 5,

            /** NO_SPACE value */
            NO_SPACE = 6,

            /** CORRUPT value */
            CORRUPT = 7
        }

        /**
         * Properties of a PipelineReply.
         * @deprecated Use basekv.v1.PipelineReply.$Properties instead.
         */
        interface IPipelineReply extends basekv.v1.PipelineReply.$Properties {
        }

        /** Represents a PipelineReply. */
        class PipelineReply {

            /**
             * Constructs a new PipelineReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.PipelineReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PipelineReply results. */
            results: basekv.v1.PipelineResult.$Properties[];

            /**
             * Encodes the specified PipelineReply message. Does not implicitly {@link basekv.v1.PipelineReply.verify|verify} messages.
             * @param message PipelineReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.PipelineReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PipelineReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.PipelineReply & basekv.v1.PipelineReply.$Shape} PipelineReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.PipelineReply & basekv.v1.PipelineReply.$Shape;
        }

        namespace PipelineReply {

            /** Properties of a PipelineReply. */
            interface $Properties {

                /** PipelineReply results */
                results?: (basekv.v1.PipelineResult.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PipelineReply. */
            type $Shape = basekv.v1.PipelineReply.$Properties;
        }

        /**
         * Properties of a PipelineResult.
         * @deprecated Use basekv.v1.PipelineResult.$Properties instead.
         */
        interface IPipelineResult extends basekv.v1.PipelineResult.$Properties {
        }

        /** Represents a PipelineResult. */
        class PipelineResult {

            /**
             * Constructs a new PipelineResult.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.PipelineResult.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PipelineResult id. */
            id: number;

            /** PipelineResult code. */
            code: basekv.v1.ReplyCode;

            /** PipelineResult message. */
            message: string;

            /** PipelineResult hint. */
            hint: string;

            /** PipelineResult reply. */
            reply: Uint8Array;

            /** PipelineResult leader. */
            leader: string;

            /** PipelineResult position. */
            position?: (number|null);

            /**
             * Encodes the specified PipelineResult message. Does not implicitly {@link basekv.v1.PipelineResult.verify|verify} messages.
             * @param message PipelineResult message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.PipelineResult.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PipelineResult message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.PipelineResult & basekv.v1.PipelineResult.$Shape} PipelineResult
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.PipelineResult & basekv.v1.PipelineResult.$Shape;
        }

        namespace PipelineResult {

            /** Properties of a PipelineResult. */
            interface $Properties {

                /** PipelineResult id */
                id?: (number|null);

                /** PipelineResult code */
                code?: (basekv.v1.ReplyCode|null);

                /** PipelineResult message */
                message?: (string|null);

                /** PipelineResult hint */
                hint?: (string|null);

                /** PipelineResult reply */
                reply?: (Uint8Array|null);

                /** PipelineResult leader */
                leader?: (string|null);

                /** PipelineResult position */
                position?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PipelineResult. */
            type $Shape = basekv.v1.PipelineResult.$Properties;
        }

        /**
         * Properties of a HelloRequest.
         * @deprecated Use basekv.v1.HelloRequest.$Properties instead.
         */
        interface IHelloRequest extends basekv.v1.HelloRequest.$Properties {
        }

        /** Represents a HelloRequest. */
        class HelloRequest {

            /**
             * Constructs a new HelloRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.HelloRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** HelloRequest protocolVersion. */
            protocolVersion: number;

            /** HelloRequest clusterName. */
            clusterName: string;

            /** HelloRequest hostId. */
            hostId: string;

            /** HelloRequest node. */
            node: string;

            /** HelloRequest address. */
            address: string;

            /** HelloRequest stores. */
            stores: basekv.v1.HostedStore.$Properties[];

            /**
             * Encodes the specified HelloRequest message. Does not implicitly {@link basekv.v1.HelloRequest.verify|verify} messages.
             * @param message HelloRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.HelloRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a HelloRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.HelloRequest & basekv.v1.HelloRequest.$Shape} HelloRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.HelloRequest & basekv.v1.HelloRequest.$Shape;
        }

        namespace HelloRequest {

            /** Properties of a HelloRequest. */
            interface $Properties {

                /** HelloRequest protocolVersion */
                protocolVersion?: (number|null);

                /** HelloRequest clusterName */
                clusterName?: (string|null);

                /** HelloRequest hostId */
                hostId?: (string|null);

                /** HelloRequest node */
                node?: (string|null);

                /** HelloRequest address */
                address?: (string|null);

                /** HelloRequest stores */
                stores?: (basekv.v1.HostedStore.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a HelloRequest. */
            type $Shape = basekv.v1.HelloRequest.$Properties;
        }

        /**
         * Properties of a HelloReply.
         * @deprecated Use basekv.v1.HelloReply.$Properties instead.
         */
        interface IHelloReply extends basekv.v1.HelloReply.$Properties {
        }

        /** Represents a HelloReply. */
        class HelloReply {

            /**
             * Constructs a new HelloReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.HelloReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** HelloReply protocolVersion. */
            protocolVersion: number;

            /** HelloReply clusterName. */
            clusterName: string;

            /** HelloReply hostId. */
            hostId: string;

            /** HelloReply node. */
            node: string;

            /** HelloReply address. */
            address: string;

            /** HelloReply stores. */
            stores: basekv.v1.HostedStore.$Properties[];

            /** HelloReply refused. */
            refused: string;

            /**
             * Encodes the specified HelloReply message. Does not implicitly {@link basekv.v1.HelloReply.verify|verify} messages.
             * @param message HelloReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.HelloReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a HelloReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.HelloReply & basekv.v1.HelloReply.$Shape} HelloReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.HelloReply & basekv.v1.HelloReply.$Shape;
        }

        namespace HelloReply {

            /** Properties of a HelloReply. */
            interface $Properties {

                /** HelloReply protocolVersion */
                protocolVersion?: (number|null);

                /** HelloReply clusterName */
                clusterName?: (string|null);

                /** HelloReply hostId */
                hostId?: (string|null);

                /** HelloReply node */
                node?: (string|null);

                /** HelloReply address */
                address?: (string|null);

                /** HelloReply stores */
                stores?: (basekv.v1.HostedStore.$Properties[]|null);

                /** HelloReply refused */
                refused?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a HelloReply. */
            type $Shape = basekv.v1.HelloReply.$Properties;
        }

        /**
         * Properties of a HostedStore.
         * @deprecated Use basekv.v1.HostedStore.$Properties instead.
         */
        interface IHostedStore extends basekv.v1.HostedStore.$Properties {
        }

        /** Represents a HostedStore. */
        class HostedStore {

            /**
             * Constructs a new HostedStore.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.HostedStore.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** HostedStore id. */
            id: string;

            /** HostedStore name. */
            name: string;

            /** HostedStore epoch. */
            epoch: string;

            /** HostedStore epochConfirmed. */
            epochConfirmed: boolean;

            /** HostedStore expect. */
            expect: number;

            /** HostedStore renewed. */
            renewed: basekv.v1.RenewedRange.$Properties[];

            /**
             * Encodes the specified HostedStore message. Does not implicitly {@link basekv.v1.HostedStore.verify|verify} messages.
             * @param message HostedStore message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.HostedStore.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a HostedStore message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.HostedStore & basekv.v1.HostedStore.$Shape} HostedStore
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.HostedStore & basekv.v1.HostedStore.$Shape;
        }

        namespace HostedStore {

            /** Properties of a HostedStore. */
            interface $Properties {

                /** HostedStore id */
                id?: (string|null);

                /** HostedStore name */
                name?: (string|null);

                /** HostedStore epoch */
                epoch?: (string|null);

                /** HostedStore epochConfirmed */
                epochConfirmed?: (boolean|null);

                /** HostedStore expect */
                expect?: (number|null);

                /** HostedStore renewed */
                renewed?: (basekv.v1.RenewedRange.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a HostedStore. */
            type $Shape = basekv.v1.HostedStore.$Properties;
        }

        /**
         * Properties of a RenewedRange.
         * @deprecated Use basekv.v1.RenewedRange.$Properties instead.
         */
        interface IRenewedRange extends basekv.v1.RenewedRange.$Properties {
        }

        /** Represents a RenewedRange. */
        class RenewedRange {

            /**
             * Constructs a new RenewedRange.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.RenewedRange.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RenewedRange range. */
            range: Uint8Array;

            /** RenewedRange generation. */
            generation: number;

            /**
             * Encodes the specified RenewedRange message. Does not implicitly {@link basekv.v1.RenewedRange.verify|verify} messages.
             * @param message RenewedRange message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.RenewedRange.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RenewedRange message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.RenewedRange & basekv.v1.RenewedRange.$Shape} RenewedRange
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.RenewedRange & basekv.v1.RenewedRange.$Shape;
        }

        namespace RenewedRange {

            /** Properties of a RenewedRange. */
            interface $Properties {

                /** RenewedRange range */
                range?: (Uint8Array|null);

                /** RenewedRange generation */
                generation?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RenewedRange. */
            type $Shape = basekv.v1.RenewedRange.$Properties;
        }

        /**
         * Properties of a RaftFrame.
         * @deprecated Use basekv.v1.RaftFrame.$Properties instead.
         */
        interface IRaftFrame extends basekv.v1.RaftFrame.$Properties {
        }

        /** Represents a RaftFrame. */
        class RaftFrame {

            /**
             * Constructs a new RaftFrame.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.RaftFrame.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RaftFrame messages. */
            messages: basekv.v1.RaftMessage.$Properties[];

            /**
             * Encodes the specified RaftFrame message. Does not implicitly {@link basekv.v1.RaftFrame.verify|verify} messages.
             * @param message RaftFrame message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.RaftFrame.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RaftFrame message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.RaftFrame & basekv.v1.RaftFrame.$Shape} RaftFrame
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.RaftFrame & basekv.v1.RaftFrame.$Shape;
        }

        namespace RaftFrame {

            /** Properties of a RaftFrame. */
            interface $Properties {

                /** RaftFrame messages */
                messages?: (basekv.v1.RaftMessage.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RaftFrame. */
            type $Shape = basekv.v1.RaftFrame.$Properties;
        }

        /**
         * Properties of a RaftMessage.
         * @deprecated Use basekv.v1.RaftMessage.$Properties instead.
         */
        interface IRaftMessage extends basekv.v1.RaftMessage.$Properties {
        }

        /** Represents a RaftMessage. */
        class RaftMessage {

            /**
             * Constructs a new RaftMessage.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.RaftMessage.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RaftMessage range. */
            range: Uint8Array;

            /** RaftMessage type. */
            type: number;

            /** RaftMessage fromStore. */
            fromStore: Uint8Array;

            /** RaftMessage fromReplica. */
            fromReplica: number;

            /** RaftMessage toStore. */
            toStore: Uint8Array;

            /** RaftMessage toReplica. */
            toReplica: number;

            /** RaftMessage term. */
            term: number;

            /** RaftMessage index. */
            index: number;

            /** RaftMessage logTerm. */
            logTerm: number;

            /** RaftMessage commit. */
            commit: number;

            /** RaftMessage entries. */
            entries: basekv.v1.RaftEntry.$Properties[];

            /** RaftMessage reject. */
            reject: boolean;

            /** RaftMessage hintIndex. */
            hintIndex: number;

            /** RaftMessage hintTerm. */
            hintTerm: number;

            /** RaftMessage round. */
            round: number;

            /** RaftMessage force. */
            force: boolean;

            /** RaftMessage snapshot. */
            snapshot?: (basekv.v1.RaftSnapshot.$Properties|null);

            /** RaftMessage body. */
            body: Uint8Array;

            /**
             * Encodes the specified RaftMessage message. Does not implicitly {@link basekv.v1.RaftMessage.verify|verify} messages.
             * @param message RaftMessage message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.RaftMessage.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RaftMessage message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.RaftMessage & basekv.v1.RaftMessage.$Shape} RaftMessage
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.RaftMessage & basekv.v1.RaftMessage.$Shape;
        }

        namespace RaftMessage {

            /** Properties of a RaftMessage. */
            interface $Properties {

                /** RaftMessage range */
                range?: (Uint8Array|null);

                /** RaftMessage type */
                type?: (number|null);

                /** RaftMessage fromStore */
                fromStore?: (Uint8Array|null);

                /** RaftMessage fromReplica */
                fromReplica?: (number|null);

                /** RaftMessage toStore */
                toStore?: (Uint8Array|null);

                /** RaftMessage toReplica */
                toReplica?: (number|null);

                /** RaftMessage term */
                term?: (number|null);

                /** RaftMessage index */
                index?: (number|null);

                /** RaftMessage logTerm */
                logTerm?: (number|null);

                /** RaftMessage commit */
                commit?: (number|null);

                /** RaftMessage entries */
                entries?: (basekv.v1.RaftEntry.$Properties[]|null);

                /** RaftMessage reject */
                reject?: (boolean|null);

                /** RaftMessage hintIndex */
                hintIndex?: (number|null);

                /** RaftMessage hintTerm */
                hintTerm?: (number|null);

                /** RaftMessage round */
                round?: (number|null);

                /** RaftMessage force */
                force?: (boolean|null);

                /** RaftMessage snapshot */
                snapshot?: (basekv.v1.RaftSnapshot.$Properties|null);

                /** RaftMessage body */
                body?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RaftMessage. */
            type $Shape = basekv.v1.RaftMessage.$Properties;
        }

        /**
         * Properties of a RaftEntry.
         * @deprecated Use basekv.v1.RaftEntry.$Properties instead.
         */
        interface IRaftEntry extends basekv.v1.RaftEntry.$Properties {
        }

        /** Represents a RaftEntry. */
        class RaftEntry {

            /**
             * Constructs a new RaftEntry.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.RaftEntry.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RaftEntry term. */
            term: number;

            /** RaftEntry type. */
            type: number;

            /** RaftEntry data. */
            data: Uint8Array;

            /**
             * Encodes the specified RaftEntry message. Does not implicitly {@link basekv.v1.RaftEntry.verify|verify} messages.
             * @param message RaftEntry message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.RaftEntry.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RaftEntry message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.RaftEntry & basekv.v1.RaftEntry.$Shape} RaftEntry
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.RaftEntry & basekv.v1.RaftEntry.$Shape;
        }

        namespace RaftEntry {

            /** Properties of a RaftEntry. */
            interface $Properties {

                /** RaftEntry term */
                term?: (number|null);

                /** RaftEntry type */
                type?: (number|null);

                /** RaftEntry data */
                data?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RaftEntry. */
            type $Shape = basekv.v1.RaftEntry.$Properties;
        }

        /**
         * Properties of a RaftSnapshot.
         * @deprecated Use basekv.v1.RaftSnapshot.$Properties instead.
         */
        interface IRaftSnapshot extends basekv.v1.RaftSnapshot.$Properties {
        }

        /** Represents a RaftSnapshot. */
        class RaftSnapshot {

            /**
             * Constructs a new RaftSnapshot.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.RaftSnapshot.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RaftSnapshot index. */
            index: number;

            /** RaftSnapshot term. */
            term: number;

            /** RaftSnapshot config. */
            config: Uint8Array;

            /**
             * Encodes the specified RaftSnapshot message. Does not implicitly {@link basekv.v1.RaftSnapshot.verify|verify} messages.
             * @param message RaftSnapshot message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.RaftSnapshot.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RaftSnapshot message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.RaftSnapshot & basekv.v1.RaftSnapshot.$Shape} RaftSnapshot
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.RaftSnapshot & basekv.v1.RaftSnapshot.$Shape;
        }

        namespace RaftSnapshot {

            /** Properties of a RaftSnapshot. */
            interface $Properties {

                /** RaftSnapshot index */
                index?: (number|null);

                /** RaftSnapshot term */
                term?: (number|null);

                /** RaftSnapshot config */
                config?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RaftSnapshot. */
            type $Shape = basekv.v1.RaftSnapshot.$Properties;
        }

        /**
         * Properties of a ForwardRequest.
         * @deprecated Use basekv.v1.ForwardRequest.$Properties instead.
         */
        interface IForwardRequest extends basekv.v1.ForwardRequest.$Properties {
        }

        /** Represents a ForwardRequest. */
        class ForwardRequest {

            /**
             * Constructs a new ForwardRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.ForwardRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ForwardRequest ops. */
            ops: basekv.v1.ForwardOp.$Properties[];

            /**
             * Encodes the specified ForwardRequest message. Does not implicitly {@link basekv.v1.ForwardRequest.verify|verify} messages.
             * @param message ForwardRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.ForwardRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ForwardRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.ForwardRequest & basekv.v1.ForwardRequest.$Shape} ForwardRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.ForwardRequest & basekv.v1.ForwardRequest.$Shape;
        }

        namespace ForwardRequest {

            /** Properties of a ForwardRequest. */
            interface $Properties {

                /** ForwardRequest ops */
                ops?: (basekv.v1.ForwardOp.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ForwardRequest. */
            type $Shape = basekv.v1.ForwardRequest.$Properties;
        }

        /**
         * Properties of a ForwardOp.
         * @deprecated Use basekv.v1.ForwardOp.$Properties instead.
         */
        interface IForwardOp extends basekv.v1.ForwardOp.$Properties {
        }

        /** Represents a ForwardOp. */
        class ForwardOp {

            /**
             * Constructs a new ForwardOp.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.ForwardOp.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ForwardOp id. */
            id: number;

            /** ForwardOp storeName. */
            storeName: string;

            /** ForwardOp key. */
            key: Uint8Array;

            /** ForwardOp write. */
            write: boolean;

            /** ForwardOp kind. */
            kind: number;

            /** ForwardOp consistency. */
            consistency: number;

            /** ForwardOp body. */
            body: Uint8Array;

            /** ForwardOp hops. */
            hops: number;

            /** ForwardOp client. */
            client: Uint8Array;

            /** ForwardOp sequence. */
            sequence: number;

            /** ForwardOp seen. */
            seen: number;

            /** ForwardOp retry. */
            retry: boolean;

            /**
             * Encodes the specified ForwardOp message. Does not implicitly {@link basekv.v1.ForwardOp.verify|verify} messages.
             * @param message ForwardOp message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.ForwardOp.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ForwardOp message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.ForwardOp & basekv.v1.ForwardOp.$Shape} ForwardOp
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.ForwardOp & basekv.v1.ForwardOp.$Shape;
        }

        namespace ForwardOp {

            /** Properties of a ForwardOp. */
            interface $Properties {

                /** ForwardOp id */
                id?: (number|null);

                /** ForwardOp storeName */
                storeName?: (string|null);

                /** ForwardOp key */
                key?: (Uint8Array|null);

                /** ForwardOp write */
                write?: (boolean|null);

                /** ForwardOp kind */
                kind?: (number|null);

                /** ForwardOp consistency */
                consistency?: (number|null);

                /** ForwardOp body */
                body?: (Uint8Array|null);

                /** ForwardOp hops */
                hops?: (number|null);

                /** ForwardOp client */
                client?: (Uint8Array|null);

                /** ForwardOp sequence */
                sequence?: (number|null);

                /** ForwardOp seen */
                seen?: (number|null);

                /** ForwardOp retry */
                retry?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ForwardOp. */
            type $Shape = basekv.v1.ForwardOp.$Properties;
        }

        /**
         * Properties of a ForwardReply.
         * @deprecated Use basekv.v1.ForwardReply.$Properties instead.
         */
        interface IForwardReply extends basekv.v1.ForwardReply.$Properties {
        }

        /** Represents a ForwardReply. */
        class ForwardReply {

            /**
             * Constructs a new ForwardReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.ForwardReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ForwardReply results. */
            results: basekv.v1.ForwardResult.$Properties[];

            /**
             * Encodes the specified ForwardReply message. Does not implicitly {@link basekv.v1.ForwardReply.verify|verify} messages.
             * @param message ForwardReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.ForwardReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ForwardReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.ForwardReply & basekv.v1.ForwardReply.$Shape} ForwardReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.ForwardReply & basekv.v1.ForwardReply.$Shape;
        }

        namespace ForwardReply {

            /** Properties of a ForwardReply. */
            interface $Properties {

                /** ForwardReply results */
                results?: (basekv.v1.ForwardResult.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ForwardReply. */
            type $Shape = basekv.v1.ForwardReply.$Properties;
        }

        /**
         * Properties of a ForwardResult.
         * @deprecated Use basekv.v1.ForwardResult.$Properties instead.
         */
        interface IForwardResult extends basekv.v1.ForwardResult.$Properties {
        }

        /** Represents a ForwardResult. */
        class ForwardResult {

            /**
             * Constructs a new ForwardResult.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.ForwardResult.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ForwardResult id. */
            id: number;

            /** ForwardResult code. */
            code: string;

            /** ForwardResult message. */
            message: string;

            /** ForwardResult hint. */
            hint: string;

            /** ForwardResult reply. */
            reply: Uint8Array;

            /** ForwardResult position. */
            position?: (number|null);

            /**
             * Encodes the specified ForwardResult message. Does not implicitly {@link basekv.v1.ForwardResult.verify|verify} messages.
             * @param message ForwardResult message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.ForwardResult.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ForwardResult message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.ForwardResult & basekv.v1.ForwardResult.$Shape} ForwardResult
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.ForwardResult & basekv.v1.ForwardResult.$Shape;
        }

        namespace ForwardResult {

            /** Properties of a ForwardResult. */
            interface $Properties {

                /** ForwardResult id */
                id?: (number|null);

                /** ForwardResult code */
                code?: (string|null);

                /** ForwardResult message */
                message?: (string|null);

                /** ForwardResult hint */
                hint?: (string|null);

                /** ForwardResult reply */
                reply?: (Uint8Array|null);

                /** ForwardResult position */
                position?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ForwardResult. */
            type $Shape = basekv.v1.ForwardResult.$Properties;
        }

        /**
         * Properties of a PullSnapshotRequest.
         * @deprecated Use basekv.v1.PullSnapshotRequest.$Properties instead.
         */
        interface IPullSnapshotRequest extends basekv.v1.PullSnapshotRequest.$Properties {
        }

        /** Represents a PullSnapshotRequest. */
        class PullSnapshotRequest {

            /**
             * Constructs a new PullSnapshotRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.PullSnapshotRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PullSnapshotRequest range. */
            range: Uint8Array;

            /** PullSnapshotRequest store. */
            store: Uint8Array;

            /** PullSnapshotRequest replica. */
            replica: number;

            /** PullSnapshotRequest indexMin. */
            indexMin: number;

            /** PullSnapshotRequest resumeView. */
            resumeView: string;

            /** PullSnapshotRequest resumeSpace. */
            resumeSpace: number;

            /** PullSnapshotRequest resumeKey. */
            resumeKey: Uint8Array;

            /**
             * Encodes the specified PullSnapshotRequest message. Does not implicitly {@link basekv.v1.PullSnapshotRequest.verify|verify} messages.
             * @param message PullSnapshotRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.PullSnapshotRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PullSnapshotRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.PullSnapshotRequest & basekv.v1.PullSnapshotRequest.$Shape} PullSnapshotRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.PullSnapshotRequest & basekv.v1.PullSnapshotRequest.$Shape;
        }

        namespace PullSnapshotRequest {

            /** Properties of a PullSnapshotRequest. */
            interface $Properties {

                /** PullSnapshotRequest range */
                range?: (Uint8Array|null);

                /** PullSnapshotRequest store */
                store?: (Uint8Array|null);

                /** PullSnapshotRequest replica */
                replica?: (number|null);

                /** PullSnapshotRequest indexMin */
                indexMin?: (number|null);

                /** PullSnapshotRequest resumeView */
                resumeView?: (string|null);

                /** PullSnapshotRequest resumeSpace */
                resumeSpace?: (number|null);

                /** PullSnapshotRequest resumeKey */
                resumeKey?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PullSnapshotRequest. */
            type $Shape = basekv.v1.PullSnapshotRequest.$Properties;
        }

        /**
         * Properties of a SnapshotChunk.
         * @deprecated Use basekv.v1.SnapshotChunk.$Properties instead.
         */
        interface ISnapshotChunk extends basekv.v1.SnapshotChunk.$Properties {
        }

        /** Represents a SnapshotChunk. */
        class SnapshotChunk {

            /**
             * Constructs a new SnapshotChunk.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.SnapshotChunk.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SnapshotChunk snapshot. */
            snapshot?: (basekv.v1.RaftSnapshot.$Properties|null);

            /** SnapshotChunk state. */
            state: Uint8Array;

            /** SnapshotChunk view. */
            view: string;

            /** SnapshotChunk resumed. */
            resumed: boolean;

            /** SnapshotChunk pairs. */
            pairs: Uint8Array;

            /** SnapshotChunk space. */
            space: number;

            /** SnapshotChunk crc. */
            crc: number;

            /** SnapshotChunk last. */
            last: boolean;

            /** SnapshotChunk itemsTotal. */
            itemsTotal: number;

            /**
             * Encodes the specified SnapshotChunk message. Does not implicitly {@link basekv.v1.SnapshotChunk.verify|verify} messages.
             * @param message SnapshotChunk message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.SnapshotChunk.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SnapshotChunk message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.SnapshotChunk & basekv.v1.SnapshotChunk.$Shape} SnapshotChunk
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.SnapshotChunk & basekv.v1.SnapshotChunk.$Shape;
        }

        namespace SnapshotChunk {

            /** Properties of a SnapshotChunk. */
            interface $Properties {

                /** SnapshotChunk snapshot */
                snapshot?: (basekv.v1.RaftSnapshot.$Properties|null);

                /** SnapshotChunk state */
                state?: (Uint8Array|null);

                /** SnapshotChunk view */
                view?: (string|null);

                /** SnapshotChunk resumed */
                resumed?: (boolean|null);

                /** SnapshotChunk pairs */
                pairs?: (Uint8Array|null);

                /** SnapshotChunk space */
                space?: (number|null);

                /** SnapshotChunk crc */
                crc?: (number|null);

                /** SnapshotChunk last */
                last?: (boolean|null);

                /** SnapshotChunk itemsTotal */
                itemsTotal?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SnapshotChunk. */
            type $Shape = basekv.v1.SnapshotChunk.$Properties;
        }

        /**
         * Properties of a RawPipelineRequest.
         * @deprecated Use basekv.v1.RawPipelineRequest.$Properties instead.
         */
        interface IRawPipelineRequest extends basekv.v1.RawPipelineRequest.$Properties {
        }

        /** Represents a RawPipelineRequest. */
        class RawPipelineRequest {

            /**
             * Constructs a new RawPipelineRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.RawPipelineRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RawPipelineRequest ops. */
            ops: basekv.v1.RawPipelineOp.$Properties[];

            /**
             * Encodes the specified RawPipelineRequest message. Does not implicitly {@link basekv.v1.RawPipelineRequest.verify|verify} messages.
             * @param message RawPipelineRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.RawPipelineRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RawPipelineRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.RawPipelineRequest & basekv.v1.RawPipelineRequest.$Shape} RawPipelineRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.RawPipelineRequest & basekv.v1.RawPipelineRequest.$Shape;
        }

        namespace RawPipelineRequest {

            /** Properties of a RawPipelineRequest. */
            interface $Properties {

                /** RawPipelineRequest ops */
                ops?: (basekv.v1.RawPipelineOp.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RawPipelineRequest. */
            type $Shape = {
              ops?: basekv.v1.RawPipelineOp.$Shape[]|null;
              $unknowns?: Uint8Array[];
            };
        }

        /**
         * Properties of a RawPipelineOp.
         * @deprecated Use basekv.v1.RawPipelineOp.$Properties instead.
         */
        interface IRawPipelineOp extends basekv.v1.RawPipelineOp.$Properties {
        }

        /** Represents a RawPipelineOp. */
        class RawPipelineOp {

            /**
             * Constructs a new RawPipelineOp.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.RawPipelineOp.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RawPipelineOp id. */
            id: number;

            /** RawPipelineOp put. */
            put?: (Uint8Array|null);

            /** RawPipelineOp get. */
            get?: (Uint8Array|null);

            /** RawPipelineOp delete. */
            delete?: (Uint8Array|null);

            /** RawPipelineOp compareAndSet. */
            compareAndSet?: (Uint8Array|null);

            /** RawPipelineOp batch. */
            batch?: (Uint8Array|null);

            /** RawPipelineOp scan. */
            scan?: (Uint8Array|null);

            /** RawPipelineOp sequence. */
            sequence: number;

            /** RawPipelineOp seen. */
            seen: number;

            /** RawPipelineOp retry. */
            retry: boolean;

            /** RawPipelineOp op. */
            op?: ("put"|"get"|"delete"|"compareAndSet"|"batch"|"scan");

            /**
             * Encodes the specified RawPipelineOp message. Does not implicitly {@link basekv.v1.RawPipelineOp.verify|verify} messages.
             * @param message RawPipelineOp message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.RawPipelineOp.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RawPipelineOp message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.RawPipelineOp & basekv.v1.RawPipelineOp.$Shape} RawPipelineOp
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.RawPipelineOp & basekv.v1.RawPipelineOp.$Shape;
        }

        namespace RawPipelineOp {

            /** Properties of a RawPipelineOp. */
            interface $Properties {

                /** RawPipelineOp id */
                id?: (number|null);

                /** RawPipelineOp put */
                put?: (Uint8Array|null);

                /** RawPipelineOp get */
                get?: (Uint8Array|null);

                /** RawPipelineOp delete */
                "delete"?: (Uint8Array|null);

                /** RawPipelineOp compareAndSet */
                compareAndSet?: (Uint8Array|null);

                /** RawPipelineOp batch */
                batch?: (Uint8Array|null);

                /** RawPipelineOp scan */
                scan?: (Uint8Array|null);

                /** RawPipelineOp sequence */
                sequence?: (number|null);

                /** RawPipelineOp seen */
                seen?: (number|null);

                /** RawPipelineOp retry */
                retry?: (boolean|null);

                /** RawPipelineOp op */
                op?: ("put"|"get"|"delete"|"compareAndSet"|"batch"|"scan");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of a RawPipelineOp. */
            type $Shape = {
              id?: number|null;
              put?: Uint8Array|null;
              get?: Uint8Array|null;
              "delete"?: Uint8Array|null;
              compareAndSet?: Uint8Array|null;
              batch?: Uint8Array|null;
              scan?: Uint8Array|null;
              sequence?: number|null;
              seen?: number|null;
              retry?: boolean|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ op?: undefined; put?: null; get?: null; "delete"?: null; compareAndSet?: null; batch?: null; scan?: null }|{ op?: "put"; put: Uint8Array; get?: null; "delete"?: null; compareAndSet?: null; batch?: null; scan?: null }|{ op?: "get"; put?: null; get: Uint8Array; "delete"?: null; compareAndSet?: null; batch?: null; scan?: null }|{ op?: "delete"; put?: null; get?: null; "delete": Uint8Array; compareAndSet?: null; batch?: null; scan?: null }|{ op?: "compareAndSet"; put?: null; get?: null; "delete"?: null; compareAndSet: Uint8Array; batch?: null; scan?: null }|{ op?: "batch"; put?: null; get?: null; "delete"?: null; compareAndSet?: null; batch: Uint8Array; scan?: null }|{ op?: "scan"; put?: null; get?: null; "delete"?: null; compareAndSet?: null; batch?: null; scan: Uint8Array })
            );
        }

        /**
         * Properties of a BootstrapRequest.
         * @deprecated Use basekv.v1.BootstrapRequest.$Properties instead.
         */
        interface IBootstrapRequest extends basekv.v1.BootstrapRequest.$Properties {
        }

        /** Represents a BootstrapRequest. */
        class BootstrapRequest {

            /**
             * Constructs a new BootstrapRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.BootstrapRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** BootstrapRequest clusterName. */
            clusterName: string;

            /** BootstrapRequest rangeId. */
            rangeId: string;

            /** BootstrapRequest voters. */
            voters: string[];

            /**
             * Encodes the specified BootstrapRequest message. Does not implicitly {@link basekv.v1.BootstrapRequest.verify|verify} messages.
             * @param message BootstrapRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.BootstrapRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a BootstrapRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.BootstrapRequest & basekv.v1.BootstrapRequest.$Shape} BootstrapRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.BootstrapRequest & basekv.v1.BootstrapRequest.$Shape;
        }

        namespace BootstrapRequest {

            /** Properties of a BootstrapRequest. */
            interface $Properties {

                /** BootstrapRequest clusterName */
                clusterName?: (string|null);

                /** BootstrapRequest rangeId */
                rangeId?: (string|null);

                /** BootstrapRequest voters */
                voters?: (string[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a BootstrapRequest. */
            type $Shape = basekv.v1.BootstrapRequest.$Properties;
        }

        /**
         * Properties of a BootstrapReply.
         * @deprecated Use basekv.v1.BootstrapReply.$Properties instead.
         */
        interface IBootstrapReply extends basekv.v1.BootstrapReply.$Properties {
        }

        /** Represents a BootstrapReply. */
        class BootstrapReply {

            /**
             * Constructs a new BootstrapReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.BootstrapReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** BootstrapReply held. */
            held: boolean;

            /** BootstrapReply rangeId. */
            rangeId: string;

            /** BootstrapReply confirmed. */
            confirmed: boolean;

            /**
             * Encodes the specified BootstrapReply message. Does not implicitly {@link basekv.v1.BootstrapReply.verify|verify} messages.
             * @param message BootstrapReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.BootstrapReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a BootstrapReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.BootstrapReply & basekv.v1.BootstrapReply.$Shape} BootstrapReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.BootstrapReply & basekv.v1.BootstrapReply.$Shape;
        }

        namespace BootstrapReply {

            /** Properties of a BootstrapReply. */
            interface $Properties {

                /** BootstrapReply held */
                held?: (boolean|null);

                /** BootstrapReply rangeId */
                rangeId?: (string|null);

                /** BootstrapReply confirmed */
                confirmed?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a BootstrapReply. */
            type $Shape = basekv.v1.BootstrapReply.$Properties;
        }

        /**
         * Properties of a DescribeRequest.
         * @deprecated Use basekv.v1.DescribeRequest.$Properties instead.
         */
        interface IDescribeRequest extends basekv.v1.DescribeRequest.$Properties {
        }

        /** Represents a DescribeRequest. */
        class DescribeRequest {

            /**
             * Constructs a new DescribeRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.DescribeRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** DescribeRequest keys. */
            keys: Uint8Array[];

            /** DescribeRequest rangeIds. */
            rangeIds: string[];

            /** DescribeRequest after. */
            after: Uint8Array;

            /** DescribeRequest limit. */
            limit: number;

            /** DescribeRequest routes. */
            routes: boolean;

            /**
             * Encodes the specified DescribeRequest message. Does not implicitly {@link basekv.v1.DescribeRequest.verify|verify} messages.
             * @param message DescribeRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.DescribeRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DescribeRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.DescribeRequest & basekv.v1.DescribeRequest.$Shape} DescribeRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.DescribeRequest & basekv.v1.DescribeRequest.$Shape;
        }

        namespace DescribeRequest {

            /** Properties of a DescribeRequest. */
            interface $Properties {

                /** DescribeRequest keys */
                keys?: (Uint8Array[]|null);

                /** DescribeRequest rangeIds */
                rangeIds?: (string[]|null);

                /** DescribeRequest after */
                after?: (Uint8Array|null);

                /** DescribeRequest limit */
                limit?: (number|null);

                /** DescribeRequest routes */
                routes?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DescribeRequest. */
            type $Shape = basekv.v1.DescribeRequest.$Properties;
        }

        /**
         * Properties of a DescribeReply.
         * @deprecated Use basekv.v1.DescribeReply.$Properties instead.
         */
        interface IDescribeReply extends basekv.v1.DescribeReply.$Properties {
        }

        /** Represents a DescribeReply. */
        class DescribeReply {

            /**
             * Constructs a new DescribeReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.DescribeReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** DescribeReply store. */
            store?: (basekv.v1.StoreDescriptor.$Properties|null);

            /** DescribeReply peers. */
            peers: basekv.v1.KnownPeer.$Properties[];

            /** DescribeReply next. */
            next: Uint8Array;

            /**
             * Encodes the specified DescribeReply message. Does not implicitly {@link basekv.v1.DescribeReply.verify|verify} messages.
             * @param message DescribeReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.DescribeReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DescribeReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.DescribeReply & basekv.v1.DescribeReply.$Shape} DescribeReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.DescribeReply & basekv.v1.DescribeReply.$Shape;
        }

        namespace DescribeReply {

            /** Properties of a DescribeReply. */
            interface $Properties {

                /** DescribeReply store */
                store?: (basekv.v1.StoreDescriptor.$Properties|null);

                /** DescribeReply peers */
                peers?: (basekv.v1.KnownPeer.$Properties[]|null);

                /** DescribeReply next */
                next?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DescribeReply. */
            type $Shape = basekv.v1.DescribeReply.$Properties;
        }

        /**
         * Properties of a KnownPeer.
         * @deprecated Use basekv.v1.KnownPeer.$Properties instead.
         */
        interface IKnownPeer extends basekv.v1.KnownPeer.$Properties {
        }

        /** Represents a KnownPeer. */
        class KnownPeer {

            /**
             * Constructs a new KnownPeer.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.KnownPeer.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** KnownPeer storeId. */
            storeId: string;

            /** KnownPeer hostId. */
            hostId: string;

            /** KnownPeer node. */
            node: string;

            /** KnownPeer address. */
            address: string;

            /** KnownPeer connected. */
            connected: boolean;

            /**
             * Encodes the specified KnownPeer message. Does not implicitly {@link basekv.v1.KnownPeer.verify|verify} messages.
             * @param message KnownPeer message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.KnownPeer.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a KnownPeer message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.KnownPeer & basekv.v1.KnownPeer.$Shape} KnownPeer
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.KnownPeer & basekv.v1.KnownPeer.$Shape;
        }

        namespace KnownPeer {

            /** Properties of a KnownPeer. */
            interface $Properties {

                /** KnownPeer storeId */
                storeId?: (string|null);

                /** KnownPeer hostId */
                hostId?: (string|null);

                /** KnownPeer node */
                node?: (string|null);

                /** KnownPeer address */
                address?: (string|null);

                /** KnownPeer connected */
                connected?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a KnownPeer. */
            type $Shape = basekv.v1.KnownPeer.$Properties;
        }

        /**
         * Properties of a StoreDescriptor.
         * @deprecated Use basekv.v1.StoreDescriptor.$Properties instead.
         */
        interface IStoreDescriptor extends basekv.v1.StoreDescriptor.$Properties {
        }

        /** Represents a StoreDescriptor. */
        class StoreDescriptor {

            /**
             * Constructs a new StoreDescriptor.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.StoreDescriptor.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** StoreDescriptor id. */
            id: string;

            /** StoreDescriptor hostId. */
            hostId: string;

            /** StoreDescriptor name. */
            name: string;

            /** StoreDescriptor node. */
            node: string;

            /** StoreDescriptor address. */
            address: string;

            /** StoreDescriptor adminAddress. */
            adminAddress: string;

            /** StoreDescriptor pid. */
            pid: number;

            /** StoreDescriptor version. */
            version: string;

            /** StoreDescriptor epoch. */
            epoch: string;

            /** StoreDescriptor epochConfirmed. */
            epochConfirmed: boolean;

            /** StoreDescriptor attributes. */
            attributes: { [k: string]: string };

            /** StoreDescriptor ranges. */
            ranges: basekv.v1.RangeDescriptor.$Properties[];

            /** StoreDescriptor diskFreeBytes. */
            diskFreeBytes: number;

            /** StoreDescriptor lowSpace. */
            lowSpace: boolean;

            /** StoreDescriptor uptimeMs. */
            uptimeMs: number;

            /** StoreDescriptor hlc. */
            hlc: string;

            /** StoreDescriptor statistics. */
            statistics: { [k: string]: number };

            /**
             * Encodes the specified StoreDescriptor message. Does not implicitly {@link basekv.v1.StoreDescriptor.verify|verify} messages.
             * @param message StoreDescriptor message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.StoreDescriptor.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StoreDescriptor message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.StoreDescriptor & basekv.v1.StoreDescriptor.$Shape} StoreDescriptor
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.StoreDescriptor & basekv.v1.StoreDescriptor.$Shape;
        }

        namespace StoreDescriptor {

            /** Properties of a StoreDescriptor. */
            interface $Properties {

                /** StoreDescriptor id */
                id?: (string|null);

                /** StoreDescriptor hostId */
                hostId?: (string|null);

                /** StoreDescriptor name */
                name?: (string|null);

                /** StoreDescriptor node */
                node?: (string|null);

                /** StoreDescriptor address */
                address?: (string|null);

                /** StoreDescriptor adminAddress */
                adminAddress?: (string|null);

                /** StoreDescriptor pid */
                pid?: (number|null);

                /** StoreDescriptor version */
                version?: (string|null);

                /** StoreDescriptor epoch */
                epoch?: (string|null);

                /** StoreDescriptor epochConfirmed */
                epochConfirmed?: (boolean|null);

                /** StoreDescriptor attributes */
                attributes?: ({ [k: string]: string }|null);

                /** StoreDescriptor ranges */
                ranges?: (basekv.v1.RangeDescriptor.$Properties[]|null);

                /** StoreDescriptor diskFreeBytes */
                diskFreeBytes?: (number|null);

                /** StoreDescriptor lowSpace */
                lowSpace?: (boolean|null);

                /** StoreDescriptor uptimeMs */
                uptimeMs?: (number|null);

                /** StoreDescriptor hlc */
                hlc?: (string|null);

                /** StoreDescriptor statistics */
                statistics?: ({ [k: string]: number }|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a StoreDescriptor. */
            type $Shape = basekv.v1.StoreDescriptor.$Properties;
        }

        /**
         * Properties of a RangeDescriptor.
         * @deprecated Use basekv.v1.RangeDescriptor.$Properties instead.
         */
        interface IRangeDescriptor extends basekv.v1.RangeDescriptor.$Properties {
        }

        /** Represents a RangeDescriptor. */
        class RangeDescriptor {

            /**
             * Constructs a new RangeDescriptor.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.RangeDescriptor.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RangeDescriptor id. */
            id: string;

            /** RangeDescriptor verHigh. */
            verHigh: number;

            /** RangeDescriptor verLow. */
            verLow: number;

            /** RangeDescriptor startKey. */
            startKey?: (Uint8Array|null);

            /** RangeDescriptor endKey. */
            endKey?: (Uint8Array|null);

            /** RangeDescriptor state. */
            state: string;

            /** RangeDescriptor role. */
            role: string;

            /** RangeDescriptor config. */
            config?: (basekv.v1.ClusterConfig.$Properties|null);

            /** RangeDescriptor term. */
            term: number;

            /** RangeDescriptor commitIndex. */
            commitIndex: number;

            /** RangeDescriptor appliedIndex. */
            appliedIndex: number;

            /** RangeDescriptor lastIndex. */
            lastIndex: number;

            /** RangeDescriptor leader. */
            leader: string;

            /** RangeDescriptor sizeBytes. */
            sizeBytes: number;

            /** RangeDescriptor progress. */
            progress: basekv.v1.MemberProgress.$Properties[];

            /** RangeDescriptor snapshotIndex. */
            snapshotIndex: number;

            /** RangeDescriptor flushedIndex. */
            flushedIndex: number;

            /** RangeDescriptor damage. */
            damage: string;

            /** RangeDescriptor requestPosition. */
            requestPosition: number;

            /** RangeDescriptor fact. */
            fact: Uint8Array;

            /** RangeDescriptor hints. */
            hints: basekv.v1.SplitHint.$Properties[];

            /** RangeDescriptor statistics. */
            statistics: { [k: string]: number };

            /** RangeDescriptor hlc. */
            hlc: string;

            /** RangeDescriptor lastTerm. */
            lastTerm: number;

            /**
             * Encodes the specified RangeDescriptor message. Does not implicitly {@link basekv.v1.RangeDescriptor.verify|verify} messages.
             * @param message RangeDescriptor message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.RangeDescriptor.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RangeDescriptor message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.RangeDescriptor & basekv.v1.RangeDescriptor.$Shape} RangeDescriptor
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.RangeDescriptor & basekv.v1.RangeDescriptor.$Shape;
        }

        namespace RangeDescriptor {

            /** Properties of a RangeDescriptor. */
            interface $Properties {

                /** RangeDescriptor id */
                id?: (string|null);

                /** RangeDescriptor verHigh */
                verHigh?: (number|null);

                /** RangeDescriptor verLow */
                verLow?: (number|null);

                /** RangeDescriptor startKey */
                startKey?: (Uint8Array|null);

                /** RangeDescriptor endKey */
                endKey?: (Uint8Array|null);

                /** RangeDescriptor state */
                state?: (string|null);

                /** RangeDescriptor role */
                role?: (string|null);

                /** RangeDescriptor config */
                config?: (basekv.v1.ClusterConfig.$Properties|null);

                /** RangeDescriptor term */
                term?: (number|null);

                /** RangeDescriptor commitIndex */
                commitIndex?: (number|null);

                /** RangeDescriptor appliedIndex */
                appliedIndex?: (number|null);

                /** RangeDescriptor lastIndex */
                lastIndex?: (number|null);

                /** RangeDescriptor leader */
                leader?: (string|null);

                /** RangeDescriptor sizeBytes */
                sizeBytes?: (number|null);

                /** RangeDescriptor progress */
                progress?: (basekv.v1.MemberProgress.$Properties[]|null);

                /** RangeDescriptor snapshotIndex */
                snapshotIndex?: (number|null);

                /** RangeDescriptor flushedIndex */
                flushedIndex?: (number|null);

                /** RangeDescriptor damage */
                damage?: (string|null);

                /** RangeDescriptor requestPosition */
                requestPosition?: (number|null);

                /** RangeDescriptor fact */
                fact?: (Uint8Array|null);

                /** RangeDescriptor hints */
                hints?: (basekv.v1.SplitHint.$Properties[]|null);

                /** RangeDescriptor statistics */
                statistics?: ({ [k: string]: number }|null);

                /** RangeDescriptor hlc */
                hlc?: (string|null);

                /** RangeDescriptor lastTerm */
                lastTerm?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RangeDescriptor. */
            type $Shape = basekv.v1.RangeDescriptor.$Properties;
        }

        /**
         * Properties of a SplitHint.
         * @deprecated Use basekv.v1.SplitHint.$Properties instead.
         */
        interface ISplitHint extends basekv.v1.SplitHint.$Properties {
        }

        /** Represents a SplitHint. */
        class SplitHint {

            /**
             * Constructs a new SplitHint.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.SplitHint.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SplitHint type. */
            type: string;

            /** SplitHint load. */
            load: { [k: string]: number };

            /** SplitHint splitKey. */
            splitKey?: (Uint8Array|null);

            /**
             * Encodes the specified SplitHint message. Does not implicitly {@link basekv.v1.SplitHint.verify|verify} messages.
             * @param message SplitHint message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.SplitHint.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SplitHint message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.SplitHint & basekv.v1.SplitHint.$Shape} SplitHint
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.SplitHint & basekv.v1.SplitHint.$Shape;
        }

        namespace SplitHint {

            /** Properties of a SplitHint. */
            interface $Properties {

                /** SplitHint type */
                type?: (string|null);

                /** SplitHint load */
                load?: ({ [k: string]: number }|null);

                /** SplitHint splitKey */
                splitKey?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SplitHint. */
            type $Shape = basekv.v1.SplitHint.$Properties;
        }

        /**
         * Properties of a ClusterConfig.
         * @deprecated Use basekv.v1.ClusterConfig.$Properties instead.
         */
        interface IClusterConfig extends basekv.v1.ClusterConfig.$Properties {
        }

        /** Represents a ClusterConfig. */
        class ClusterConfig {

            /**
             * Constructs a new ClusterConfig.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.ClusterConfig.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ClusterConfig voters. */
            voters: string[];

            /** ClusterConfig learners. */
            learners: string[];

            /** ClusterConfig nextVoters. */
            nextVoters: string[];

            /** ClusterConfig nextLearners. */
            nextLearners: string[];

            /**
             * Encodes the specified ClusterConfig message. Does not implicitly {@link basekv.v1.ClusterConfig.verify|verify} messages.
             * @param message ClusterConfig message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.ClusterConfig.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ClusterConfig message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.ClusterConfig & basekv.v1.ClusterConfig.$Shape} ClusterConfig
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.ClusterConfig & basekv.v1.ClusterConfig.$Shape;
        }

        namespace ClusterConfig {

            /** Properties of a ClusterConfig. */
            interface $Properties {

                /** ClusterConfig voters */
                voters?: (string[]|null);

                /** ClusterConfig learners */
                learners?: (string[]|null);

                /** ClusterConfig nextVoters */
                nextVoters?: (string[]|null);

                /** ClusterConfig nextLearners */
                nextLearners?: (string[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ClusterConfig. */
            type $Shape = basekv.v1.ClusterConfig.$Properties;
        }

        /**
         * Properties of a MemberProgress.
         * @deprecated Use basekv.v1.MemberProgress.$Properties instead.
         */
        interface IMemberProgress extends basekv.v1.MemberProgress.$Properties {
        }

        /** Represents a MemberProgress. */
        class MemberProgress {

            /**
             * Constructs a new MemberProgress.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.MemberProgress.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** MemberProgress storeId. */
            storeId: string;

            /** MemberProgress matchIndex. */
            matchIndex: number;

            /** MemberProgress state. */
            state: string;

            /** MemberProgress silentMs. */
            silentMs: number;

            /**
             * Encodes the specified MemberProgress message. Does not implicitly {@link basekv.v1.MemberProgress.verify|verify} messages.
             * @param message MemberProgress message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.MemberProgress.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a MemberProgress message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.MemberProgress & basekv.v1.MemberProgress.$Shape} MemberProgress
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.MemberProgress & basekv.v1.MemberProgress.$Shape;
        }

        namespace MemberProgress {

            /** Properties of a MemberProgress. */
            interface $Properties {

                /** MemberProgress storeId */
                storeId?: (string|null);

                /** MemberProgress matchIndex */
                matchIndex?: (number|null);

                /** MemberProgress state */
                state?: (string|null);

                /** MemberProgress silentMs */
                silentMs?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a MemberProgress. */
            type $Shape = basekv.v1.MemberProgress.$Properties;
        }

        /**
         * Properties of a TransferLeadershipRequest.
         * @deprecated Use basekv.v1.TransferLeadershipRequest.$Properties instead.
         */
        interface ITransferLeadershipRequest extends basekv.v1.TransferLeadershipRequest.$Properties {
        }

        /** Represents a TransferLeadershipRequest. */
        class TransferLeadershipRequest {

            /**
             * Constructs a new TransferLeadershipRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.TransferLeadershipRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** TransferLeadershipRequest rangeId. */
            rangeId: string;

            /** TransferLeadershipRequest verHigh. */
            verHigh: number;

            /** TransferLeadershipRequest verLow. */
            verLow: number;

            /** TransferLeadershipRequest storeId. */
            storeId: string;

            /**
             * Encodes the specified TransferLeadershipRequest message. Does not implicitly {@link basekv.v1.TransferLeadershipRequest.verify|verify} messages.
             * @param message TransferLeadershipRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.TransferLeadershipRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a TransferLeadershipRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.TransferLeadershipRequest & basekv.v1.TransferLeadershipRequest.$Shape} TransferLeadershipRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.TransferLeadershipRequest & basekv.v1.TransferLeadershipRequest.$Shape;
        }

        namespace TransferLeadershipRequest {

            /** Properties of a TransferLeadershipRequest. */
            interface $Properties {

                /** TransferLeadershipRequest rangeId */
                rangeId?: (string|null);

                /** TransferLeadershipRequest verHigh */
                verHigh?: (number|null);

                /** TransferLeadershipRequest verLow */
                verLow?: (number|null);

                /** TransferLeadershipRequest storeId */
                storeId?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a TransferLeadershipRequest. */
            type $Shape = basekv.v1.TransferLeadershipRequest.$Properties;
        }

        /**
         * Properties of a ChangeReplicaConfigRequest.
         * @deprecated Use basekv.v1.ChangeReplicaConfigRequest.$Properties instead.
         */
        interface IChangeReplicaConfigRequest extends basekv.v1.ChangeReplicaConfigRequest.$Properties {
        }

        /** Represents a ChangeReplicaConfigRequest. */
        class ChangeReplicaConfigRequest {

            /**
             * Constructs a new ChangeReplicaConfigRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.ChangeReplicaConfigRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ChangeReplicaConfigRequest rangeId. */
            rangeId: string;

            /** ChangeReplicaConfigRequest verHigh. */
            verHigh: number;

            /** ChangeReplicaConfigRequest verLow. */
            verLow: number;

            /** ChangeReplicaConfigRequest voters. */
            voters: string[];

            /** ChangeReplicaConfigRequest learners. */
            learners: string[];

            /**
             * Encodes the specified ChangeReplicaConfigRequest message. Does not implicitly {@link basekv.v1.ChangeReplicaConfigRequest.verify|verify} messages.
             * @param message ChangeReplicaConfigRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.ChangeReplicaConfigRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ChangeReplicaConfigRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.ChangeReplicaConfigRequest & basekv.v1.ChangeReplicaConfigRequest.$Shape} ChangeReplicaConfigRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.ChangeReplicaConfigRequest & basekv.v1.ChangeReplicaConfigRequest.$Shape;
        }

        namespace ChangeReplicaConfigRequest {

            /** Properties of a ChangeReplicaConfigRequest. */
            interface $Properties {

                /** ChangeReplicaConfigRequest rangeId */
                rangeId?: (string|null);

                /** ChangeReplicaConfigRequest verHigh */
                verHigh?: (number|null);

                /** ChangeReplicaConfigRequest verLow */
                verLow?: (number|null);

                /** ChangeReplicaConfigRequest voters */
                voters?: (string[]|null);

                /** ChangeReplicaConfigRequest learners */
                learners?: (string[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ChangeReplicaConfigRequest. */
            type $Shape = basekv.v1.ChangeReplicaConfigRequest.$Properties;
        }

        /**
         * Properties of a SplitRequest.
         * @deprecated Use basekv.v1.SplitRequest.$Properties instead.
         */
        interface ISplitRequest extends basekv.v1.SplitRequest.$Properties {
        }

        /** Represents a SplitRequest. */
        class SplitRequest {

            /**
             * Constructs a new SplitRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.SplitRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SplitRequest rangeId. */
            rangeId: string;

            /** SplitRequest verHigh. */
            verHigh: number;

            /** SplitRequest verLow. */
            verLow: number;

            /** SplitRequest splitKey. */
            splitKey: Uint8Array;

            /**
             * Encodes the specified SplitRequest message. Does not implicitly {@link basekv.v1.SplitRequest.verify|verify} messages.
             * @param message SplitRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.SplitRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SplitRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.SplitRequest & basekv.v1.SplitRequest.$Shape} SplitRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.SplitRequest & basekv.v1.SplitRequest.$Shape;
        }

        namespace SplitRequest {

            /** Properties of a SplitRequest. */
            interface $Properties {

                /** SplitRequest rangeId */
                rangeId?: (string|null);

                /** SplitRequest verHigh */
                verHigh?: (number|null);

                /** SplitRequest verLow */
                verLow?: (number|null);

                /** SplitRequest splitKey */
                splitKey?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SplitRequest. */
            type $Shape = basekv.v1.SplitRequest.$Properties;
        }

        /**
         * Properties of a MergeRequest.
         * @deprecated Use basekv.v1.MergeRequest.$Properties instead.
         */
        interface IMergeRequest extends basekv.v1.MergeRequest.$Properties {
        }

        /** Represents a MergeRequest. */
        class MergeRequest {

            /**
             * Constructs a new MergeRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.MergeRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** MergeRequest leftId. */
            leftId: string;

            /** MergeRequest verHigh. */
            verHigh: number;

            /** MergeRequest verLow. */
            verLow: number;

            /** MergeRequest rightId. */
            rightId: string;

            /**
             * Encodes the specified MergeRequest message. Does not implicitly {@link basekv.v1.MergeRequest.verify|verify} messages.
             * @param message MergeRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.MergeRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a MergeRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.MergeRequest & basekv.v1.MergeRequest.$Shape} MergeRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.MergeRequest & basekv.v1.MergeRequest.$Shape;
        }

        namespace MergeRequest {

            /** Properties of a MergeRequest. */
            interface $Properties {

                /** MergeRequest leftId */
                leftId?: (string|null);

                /** MergeRequest verHigh */
                verHigh?: (number|null);

                /** MergeRequest verLow */
                verLow?: (number|null);

                /** MergeRequest rightId */
                rightId?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a MergeRequest. */
            type $Shape = basekv.v1.MergeRequest.$Properties;
        }

        /**
         * Properties of a RecoverRequest.
         * @deprecated Use basekv.v1.RecoverRequest.$Properties instead.
         */
        interface IRecoverRequest extends basekv.v1.RecoverRequest.$Properties {
        }

        /** Represents a RecoverRequest. */
        class RecoverRequest {

            /**
             * Constructs a new RecoverRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.RecoverRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RecoverRequest rangeId. */
            rangeId: string;

            /** RecoverRequest acceptDataLoss. */
            acceptDataLoss: boolean;

            /** RecoverRequest verHigh. */
            verHigh: number;

            /** RecoverRequest verLow. */
            verLow: number;

            /** RecoverRequest storeId. */
            storeId: string;

            /** RecoverRequest lostStores. */
            lostStores: string[];

            /**
             * Encodes the specified RecoverRequest message. Does not implicitly {@link basekv.v1.RecoverRequest.verify|verify} messages.
             * @param message RecoverRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.RecoverRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RecoverRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.RecoverRequest & basekv.v1.RecoverRequest.$Shape} RecoverRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.RecoverRequest & basekv.v1.RecoverRequest.$Shape;
        }

        namespace RecoverRequest {

            /** Properties of a RecoverRequest. */
            interface $Properties {

                /** RecoverRequest rangeId */
                rangeId?: (string|null);

                /** RecoverRequest acceptDataLoss */
                acceptDataLoss?: (boolean|null);

                /** RecoverRequest verHigh */
                verHigh?: (number|null);

                /** RecoverRequest verLow */
                verLow?: (number|null);

                /** RecoverRequest storeId */
                storeId?: (string|null);

                /** RecoverRequest lostStores */
                lostStores?: (string[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RecoverRequest. */
            type $Shape = basekv.v1.RecoverRequest.$Properties;
        }

        /**
         * Properties of a ManagementReply.
         * @deprecated Use basekv.v1.ManagementReply.$Properties instead.
         */
        interface IManagementReply extends basekv.v1.ManagementReply.$Properties {
        }

        /** Represents a ManagementReply. */
        class ManagementReply {

            /**
             * Constructs a new ManagementReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.ManagementReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ManagementReply code. */
            code: string;

            /** ManagementReply message. */
            message: string;

            /** ManagementReply range. */
            range?: (basekv.v1.RangeDescriptor.$Properties|null);

            /** ManagementReply rightId. */
            rightId: string;

            /**
             * Encodes the specified ManagementReply message. Does not implicitly {@link basekv.v1.ManagementReply.verify|verify} messages.
             * @param message ManagementReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.ManagementReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ManagementReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.ManagementReply & basekv.v1.ManagementReply.$Shape} ManagementReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.ManagementReply & basekv.v1.ManagementReply.$Shape;
        }

        namespace ManagementReply {

            /** Properties of a ManagementReply. */
            interface $Properties {

                /** ManagementReply code */
                code?: (string|null);

                /** ManagementReply message */
                message?: (string|null);

                /** ManagementReply range */
                range?: (basekv.v1.RangeDescriptor.$Properties|null);

                /** ManagementReply rightId */
                rightId?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ManagementReply. */
            type $Shape = basekv.v1.ManagementReply.$Properties;
        }

        /**
         * Properties of a ZombieQuitRequest.
         * @deprecated Use basekv.v1.ZombieQuitRequest.$Properties instead.
         */
        interface IZombieQuitRequest extends basekv.v1.ZombieQuitRequest.$Properties {
        }

        /** Represents a ZombieQuitRequest. */
        class ZombieQuitRequest {

            /**
             * Constructs a new ZombieQuitRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.ZombieQuitRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ZombieQuitRequest rangeId. */
            rangeId: string;

            /**
             * Encodes the specified ZombieQuitRequest message. Does not implicitly {@link basekv.v1.ZombieQuitRequest.verify|verify} messages.
             * @param message ZombieQuitRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.ZombieQuitRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ZombieQuitRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.ZombieQuitRequest & basekv.v1.ZombieQuitRequest.$Shape} ZombieQuitRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.ZombieQuitRequest & basekv.v1.ZombieQuitRequest.$Shape;
        }

        namespace ZombieQuitRequest {

            /** Properties of a ZombieQuitRequest. */
            interface $Properties {

                /** ZombieQuitRequest rangeId */
                rangeId?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ZombieQuitRequest. */
            type $Shape = basekv.v1.ZombieQuitRequest.$Properties;
        }

        /**
         * Properties of a ZombieQuitReply.
         * @deprecated Use basekv.v1.ZombieQuitReply.$Properties instead.
         */
        interface IZombieQuitReply extends basekv.v1.ZombieQuitReply.$Properties {
        }

        /** Represents a ZombieQuitReply. */
        class ZombieQuitReply {

            /**
             * Constructs a new ZombieQuitReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.ZombieQuitReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ZombieQuitReply code. */
            code: string;

            /** ZombieQuitReply quit. */
            quit: boolean;

            /** ZombieQuitReply message. */
            message: string;

            /**
             * Encodes the specified ZombieQuitReply message. Does not implicitly {@link basekv.v1.ZombieQuitReply.verify|verify} messages.
             * @param message ZombieQuitReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.ZombieQuitReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ZombieQuitReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.ZombieQuitReply & basekv.v1.ZombieQuitReply.$Shape} ZombieQuitReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.ZombieQuitReply & basekv.v1.ZombieQuitReply.$Shape;
        }

        namespace ZombieQuitReply {

            /** Properties of a ZombieQuitReply. */
            interface $Properties {

                /** ZombieQuitReply code */
                code?: (string|null);

                /** ZombieQuitReply quit */
                quit?: (boolean|null);

                /** ZombieQuitReply message */
                message?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ZombieQuitReply. */
            type $Shape = basekv.v1.ZombieQuitReply.$Properties;
        }

        /**
         * Properties of a MembersRequest.
         * @deprecated Use basekv.v1.MembersRequest.$Properties instead.
         */
        interface IMembersRequest extends basekv.v1.MembersRequest.$Properties {
        }

        /** Represents a MembersRequest. */
        class MembersRequest {

            /**
             * Constructs a new MembersRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.MembersRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /**
             * Encodes the specified MembersRequest message. Does not implicitly {@link basekv.v1.MembersRequest.verify|verify} messages.
             * @param message MembersRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.MembersRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a MembersRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.MembersRequest & basekv.v1.MembersRequest.$Shape} MembersRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.MembersRequest & basekv.v1.MembersRequest.$Shape;
        }

        namespace MembersRequest {

            /** Properties of a MembersRequest. */
            interface $Properties {

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a MembersRequest. */
            type $Shape = basekv.v1.MembersRequest.$Properties;
        }

        /**
         * Properties of a MembersReply.
         * @deprecated Use basekv.v1.MembersReply.$Properties instead.
         */
        interface IMembersReply extends basekv.v1.MembersReply.$Properties {
        }

        /** Represents a MembersReply. */
        class MembersReply {

            /**
             * Constructs a new MembersReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.MembersReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** MembersReply members. */
            members: basekv.v1.ClusterMember.$Properties[];

            /**
             * Encodes the specified MembersReply message. Does not implicitly {@link basekv.v1.MembersReply.verify|verify} messages.
             * @param message MembersReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.MembersReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a MembersReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.MembersReply & basekv.v1.MembersReply.$Shape} MembersReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.MembersReply & basekv.v1.MembersReply.$Shape;
        }

        namespace MembersReply {

            /** Properties of a MembersReply. */
            interface $Properties {

                /** MembersReply members */
                members?: (basekv.v1.ClusterMember.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a MembersReply. */
            type $Shape = basekv.v1.MembersReply.$Properties;
        }

        /**
         * Properties of a ClusterMember.
         * @deprecated Use basekv.v1.ClusterMember.$Properties instead.
         */
        interface IClusterMember extends basekv.v1.ClusterMember.$Properties {
        }

        /** Represents a ClusterMember. */
        class ClusterMember {

            /**
             * Constructs a new ClusterMember.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.ClusterMember.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ClusterMember hostId. */
            hostId: string;

            /** ClusterMember address. */
            address: string;

            /** ClusterMember state. */
            state: string;

            /** ClusterMember incarnation. */
            incarnation: number;

            /** ClusterMember node. */
            node: string;

            /** ClusterMember stores. */
            stores: string[];

            /**
             * Encodes the specified ClusterMember message. Does not implicitly {@link basekv.v1.ClusterMember.verify|verify} messages.
             * @param message ClusterMember message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.ClusterMember.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ClusterMember message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.ClusterMember & basekv.v1.ClusterMember.$Shape} ClusterMember
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.ClusterMember & basekv.v1.ClusterMember.$Shape;
        }

        namespace ClusterMember {

            /** Properties of a ClusterMember. */
            interface $Properties {

                /** ClusterMember hostId */
                hostId?: (string|null);

                /** ClusterMember address */
                address?: (string|null);

                /** ClusterMember state */
                state?: (string|null);

                /** ClusterMember incarnation */
                incarnation?: (number|null);

                /** ClusterMember node */
                node?: (string|null);

                /** ClusterMember stores */
                stores?: (string[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ClusterMember. */
            type $Shape = basekv.v1.ClusterMember.$Properties;
        }

        /**
         * Properties of a LandscapeRequest.
         * @deprecated Use basekv.v1.LandscapeRequest.$Properties instead.
         */
        interface ILandscapeRequest extends basekv.v1.LandscapeRequest.$Properties {
        }

        /** Represents a LandscapeRequest. */
        class LandscapeRequest {

            /**
             * Constructs a new LandscapeRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.LandscapeRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** LandscapeRequest withRanges. */
            withRanges: boolean;

            /**
             * Encodes the specified LandscapeRequest message. Does not implicitly {@link basekv.v1.LandscapeRequest.verify|verify} messages.
             * @param message LandscapeRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.LandscapeRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a LandscapeRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.LandscapeRequest & basekv.v1.LandscapeRequest.$Shape} LandscapeRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.LandscapeRequest & basekv.v1.LandscapeRequest.$Shape;
        }

        namespace LandscapeRequest {

            /** Properties of a LandscapeRequest. */
            interface $Properties {

                /** LandscapeRequest withRanges */
                withRanges?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a LandscapeRequest. */
            type $Shape = basekv.v1.LandscapeRequest.$Properties;
        }

        /**
         * Properties of a LandscapeReply.
         * @deprecated Use basekv.v1.LandscapeReply.$Properties instead.
         */
        interface ILandscapeReply extends basekv.v1.LandscapeReply.$Properties {
        }

        /** Represents a LandscapeReply. */
        class LandscapeReply {

            /**
             * Constructs a new LandscapeReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.LandscapeReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** LandscapeReply stores. */
            stores: basekv.v1.PicturedStore.$Properties[];

            /**
             * Encodes the specified LandscapeReply message. Does not implicitly {@link basekv.v1.LandscapeReply.verify|verify} messages.
             * @param message LandscapeReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.LandscapeReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a LandscapeReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.LandscapeReply & basekv.v1.LandscapeReply.$Shape} LandscapeReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.LandscapeReply & basekv.v1.LandscapeReply.$Shape;
        }

        namespace LandscapeReply {

            /** Properties of a LandscapeReply. */
            interface $Properties {

                /** LandscapeReply stores */
                stores?: (basekv.v1.PicturedStore.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a LandscapeReply. */
            type $Shape = basekv.v1.LandscapeReply.$Properties;
        }

        /**
         * Properties of a PicturedStore.
         * @deprecated Use basekv.v1.PicturedStore.$Properties instead.
         */
        interface IPicturedStore extends basekv.v1.PicturedStore.$Properties {
        }

        /** Represents a PicturedStore. */
        class PicturedStore {

            /**
             * Constructs a new PicturedStore.
             * @param [properties] Properties to set
             */
            constructor(properties?: basekv.v1.PicturedStore.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PicturedStore descriptor. */
            descriptor?: (basekv.v1.StoreDescriptor.$Properties|null);

            /** PicturedStore live. */
            live: boolean;

            /** PicturedStore ranges. */
            ranges: number;

            /** PicturedStore leads. */
            leads: number;

            /**
             * Encodes the specified PicturedStore message. Does not implicitly {@link basekv.v1.PicturedStore.verify|verify} messages.
             * @param message PicturedStore message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: basekv.v1.PicturedStore.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PicturedStore message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {basekv.v1.PicturedStore & basekv.v1.PicturedStore.$Shape} PicturedStore
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): basekv.v1.PicturedStore & basekv.v1.PicturedStore.$Shape;
        }

        namespace PicturedStore {

            /** Properties of a PicturedStore. */
            interface $Properties {

                /** PicturedStore descriptor */
                descriptor?: (basekv.v1.StoreDescriptor.$Properties|null);

                /** PicturedStore live */
                live?: (boolean|null);

                /** PicturedStore ranges */
                ranges?: (number|null);

                /** PicturedStore leads */
                leads?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PicturedStore. */
            type $Shape = basekv.v1.PicturedStore.$Properties;
        }
    }
}

export import v1 = basekv.v1;
